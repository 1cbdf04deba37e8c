"""The disk under a mapped XFS brick is made larger: brick, device and file system follow, under fio and over kills.

mapped_grow.py SEED. The disk is a device-mapper device over a part of a larger one, as an LV is. Its sizes are odd numbers of
sectors, so that what was a part of a last block becomes a whole one. Between the steps the service is killed, also right
after the growth; at last the bare disk is compared with what the mapped device was, byte for byte.
"""

import json
import os
import random
import sys
import time

from fio_passes import Passes, checksums
from node import MIB, SECTOR, Failed, Mapped, Service, kernel_says, main, mount_new, require, run, say, wait

SIZES = [384 * MIB + SECTOR, 600 * MIB + 3 * SECTOR, 900 * MIB + 7 * SECTOR]


def device_bytes(device):
    return int(run("blockdev", "--getsize64", device))


def file_system_bytes(place):
    stat = os.statvfs(place)
    return stat.f_blocks * stat.f_frsize


def write_beyond(place, name, rng, megabytes):
    """Fills more than was there before, so that it must lie in what was added."""
    path = os.path.join(place, name)
    with open(path, "wb") as out:
        for _ in range(megabytes):
            out.write(rng.randbytes(MIB))
        out.flush()
        os.fsync(out.fileno())


def grow(service, disk, device, size):
    before = service.brick("b1")["size_bytes"]
    disk.grow(size)
    require(device_bytes(device) == before, "the device has grown by itself")
    grown = json.loads(service.cli("-o", "json", "brick", "grow", "b1"))
    require((int(grown["previous_size_bytes"]), int(grown["brick"]["size_bytes"])) == (before, size),
            "brick grow says %s" % grown)
    require(device_bytes(device) == size, "%s has %d bytes, not %d" % (device, device_bytes(device), size))
    require(int(grown["mapping"]["size_bytes"]) == size, "the mapping says %s" % grown["mapping"])


def scenario():
    rng = random.Random(int(sys.argv[1]))
    run("modprobe", "nbd")
    mount_new("/dev/vmlab/ssd", "/ssd")
    disk = Mapped("brick1", "/dev/vmlab/disk1", 0, SIZES[0])
    service = Service("/var/tmp/node", map_options={"request_timeout": "5s", "dead_timeout": "10m"}, dirty_high="40%",
                      dirty_low="10%", idle_delay="1s", max_dirty_age="10s")
    service.start()
    service.cli("cache", "create", "ssd1", "--directory", "/ssd/cache", "--size", "96MiB", "--block", "64KiB")
    service.cli("brick", "attach", "b1", "--cache", "ssd1", "--device", disk.path)
    device = service.cli("map", "b1").strip()
    run("mkfs.xfs", "-q", "-f", device)
    os.makedirs("/brick", exist_ok=True)
    run("mount", device, "/brick")
    passes = Passes(rng.randrange(1 << 30))
    passes.start()
    for number, size in enumerate(SIZES[1:]):
        wait(300, "fio makes a pass", lambda: passes.count > number or passes.failure)
        passes.check()
        old = file_system_bytes("/brick")
        grow(service, disk, device, size)
        if number == 1:
            service.kill()
            service.start()
            require(service.brick("b1")["size_bytes"] == size, "the size was forgotten")
        run("xfs_growfs", "/brick")
        now = file_system_bytes("/brick")
        require(now - old > (size - SIZES[number]) * 9 // 10, "the file system has %d bytes, had %d" % (now, old))
        write_beyond("/brick", "beyond%d" % number, rng, (size - SIZES[number]) // MIB * 8 // 10)
        passes.check()
        say("%d MiB: brick, %s and XFS have followed under fio, written to" % (size // MIB, device))
        service.kill()
        service.start()
    passes.ending.set()
    passes.join(1200)
    require(not passes.is_alive(), "fio does not end")
    passes.check()
    say("fio: %d passes without an error or a mismatch, %d reads and %d writes answered" % (
        passes.count, passes.reads, passes.writes))

    say("grown while the service is away: served as it was, until it is told")
    service.kill()
    larger = SIZES[-1] + 50 * MIB
    disk.grow(larger)
    service.start()
    require(service.brick("b1")["state"] == "BRICK_STATE_SERVING", "not served: %s" % service.brick("b1"))
    require(service.brick("b1")["size_bytes"] == SIZES[-1], "the brick has grown by itself")
    grow(service, disk, device, larger)
    said = kernel_says("I/O error", "XFS.*(error|corrupt|shut)")
    require(not said, "the kernel saw errors: %s" % said[:3])

    before = checksums("/brick")
    run("umount", "/brick")
    run("xfs_repair", "-n", device)
    mapped = run("sh", "-c", "md5sum < " + device)
    service.cli("unmap", "b1")
    service.cli("brick", "detach", "b1", "--flush")
    require(run("sh", "-c", "md5sum < " + disk.path) == mapped, "the bare disk is not byte for byte what the device was")
    run("mount", disk.path, "/brick")
    require(checksums("/brick") == before, "the bare disk has other files")
    run("umount", "/brick")

    say("a disk that was made smaller is refused")
    service.cli("brick", "attach", "b1", "--cache", "ssd1", "--device", disk.path)
    disk.grow(SIZES[1])
    try:
        service.cli("brick", "grow", "b1")
        raise Failed("a brick was made smaller")
    except Failed as refusal:
        require("cannot be made smaller" in str(refusal), "refused with: %s" % refusal)
    disk.grow(larger)
    require(service.stop() in (0, 143), "the service did not stop in order")
    time.sleep(1)
    disk.remove()
    say("grown three times, under load, under kills and while away; no error; the bare disk is byte for byte the same")


main(scenario)
