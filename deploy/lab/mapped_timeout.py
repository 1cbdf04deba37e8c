"""The service stays away for longer than the kernel waits: the device fails, clearly, and is mapped again.

What was synced is there afterwards. A device that nobody uses is made anew by the service itself.
"""

import os
import subprocess
import time

from node import MIB, Service, kernel_says, main, mount_new, require, run, say, wait


def scenario():
    run("modprobe", "nbd")
    mount_new("/dev/vmlab/ssd", "/ssd")
    service = Service("/var/tmp/node", map_options={"request_timeout": "2s", "dead_timeout": "10s"})
    service.start()
    service.cli("cache", "create", "ssd1", "--directory", "/ssd/cache", "--size", "64MiB")
    for name in ("b1", "b2"):
        service.cli("brick", "attach", name, "--cache", "ssd1", "--device", "/dev/vmlab/disk" + name[1])
    device, idle = (service.cli("map", name).strip() for name in ("b1", "b2"))
    run("mkfs.xfs", "-q", "-f", device)
    os.makedirs("/brick", exist_ok=True)
    run("mount", device, "/brick")
    run("sh", "-c", "dd if=/dev/urandom of=/brick/synced bs=1M count=8 conv=fsync status=none")
    sums = run("md5sum", "/brick/synced")

    say("the service is killed and stays away")
    service.kill()
    before = time.monotonic()
    writer = subprocess.run(["sh", "-c", "dd if=/dev/zero of=/brick/lost bs=1M count=8 oflag=direct"], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, timeout=300)
    waited = time.monotonic() - before
    require(writer.returncode != 0 and "Input/output error" in writer.stdout, "the writer saw no error: " + writer.stdout)
    require(8 < waited < 120, "the error came after %.0f s" % waited)
    require(kernel_says("XFS.*(Shutdown|shut down|shutting down)", "I/O error"), "the kernel does not say that it failed")
    say("the writer got EIO after %.0f s, and the kernel says so" % waited)

    service.start()
    wait(60, "both devices are connected", lambda: all(
        mapping["open_connections"] == 4 for mapping in service.mappings().values()))
    mappings = service.mappings()
    require(mappings["b1"]["state"] == "MAPPING_STATE_SUSPECT", "b1 is %s" % mappings["b1"])
    require(mappings["b2"]["state"] == "MAPPING_STATE_CONNECTED" and mappings["b2"]["device_path"] == idle,
            "b2 is %s" % mappings["b2"])
    say("b1, mounted: %s" % mappings["b1"]["state_reason"])
    run("dd", "if=" + idle, "of=/dev/null", "bs=1M", "count=4", "iflag=direct")

    run("umount", "/brick")
    service.cli("unmap", "b1")
    device = service.cli("map", "b1").strip()
    run("mount", device, "/brick")
    require(run("md5sum", "/brick/synced") == sums, "what was synced is not there")
    run("sh", "-c", "dd if=/dev/urandom of=/brick/again bs=1M count=8 conv=fsync status=none")
    run("umount", "/brick")
    run("xfs_repair", "-n", device)
    say("unmounted, unmapped, mapped and mounted again: what was synced is there")
    for name in ("b1", "b2"):
        service.cli("unmap", name)
    require(service.stop() in (0, 143), "the service did not stop in order")


main(scenario)
