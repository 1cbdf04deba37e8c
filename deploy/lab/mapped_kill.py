"""kill -9 under fio with verification on XFS on a mapped brick: requests wait and are sent again, no error is seen.

mapped_kill.py KILLS SEED. Afterwards the file system is whole, and on the bare disk every file is what it was on the brick.
"""

import os
import random
import sys
import time

from fio_passes import Passes, checksums
from node import Service, kernel_says, main, mount_new, require, run, say, wait

def completed(device):
    """Requests that the device has answered."""
    with open("/sys/block/%s/stat" % device) as stat:
        fields = stat.read().split()
    return int(fields[0]) + int(fields[4])


def scenario():
    kills, rng = int(sys.argv[1]), random.Random(int(sys.argv[2]))
    run("modprobe", "nbd")
    mount_new("/dev/vmlab/ssd", "/ssd")
    service = Service("/var/tmp/node", map_options={"request_timeout": "5s", "dead_timeout": "10m"}, dirty_high="40%",
                      dirty_low="10%", idle_delay="1s", max_dirty_age="10s")
    service.start()
    service.cli("cache", "create", "ssd1", "--directory", "/ssd/cache", "--size", "96MiB")
    service.cli("brick", "attach", "b1", "--cache", "ssd1", "--device", "/dev/vmlab/disk1")
    device = service.cli("map", "b1").strip()
    name = os.path.basename(device)
    run("mkfs.xfs", "-q", "-f", device)
    os.makedirs("/brick", exist_ok=True)
    run("mount", device, "/brick")
    passes = Passes(rng.randrange(1 << 30))
    passes.start()
    longest = 0.0
    for number in range(kills):
        before = completed(name)
        wait(300, "fio makes progress", lambda: completed(name) > before + 50 or passes.failure)
        time.sleep(rng.uniform(0, 2))
        passes.check()
        service.kill()
        killed, before = time.monotonic(), completed(name)
        if rng.random() < 0.25:
            service.start_and_kill(rng.uniform(0.2, 6))
        service.start()
        wait(300, "the device answers again", lambda: completed(name) > before + 20 or passes.failure)
        stalled = time.monotonic() - killed
        longest = max(longest, stalled)
        if number % 5 == 4:
            say("%d kills, the last stall %.1f s, the longest %.1f s" % (number + 1, stalled, longest))
    passes.ending.set()
    passes.join(1200)
    require(not passes.is_alive(), "fio does not end")
    passes.check()
    say("fio: %d passes without an error or a mismatch, %d reads and %d writes answered" % (
        passes.count, passes.reads, passes.writes))
    said = kernel_says("I/O error", "XFS.*(error|corrupt|shut)")
    require(not said, "the kernel saw errors: %s" % said[:3])
    before = checksums("/brick")
    run("umount", "/brick")
    run("xfs_repair", "-n", device)
    service.cli("unmap", "b1")
    service.cli("brick", "detach", "b1", "--flush")
    run("mount", "/dev/vmlab/disk1", "/brick")
    require(checksums("/brick") == before, "the bare disk has other files")
    run("umount", "/brick")
    require(service.stop() in (0, 143), "the service did not stop in order")
    say("%d kills of the service, longest stall %.1f s; no error, no mismatch; the bare disk has the same files" % (
        kills, longest))


main(scenario)
