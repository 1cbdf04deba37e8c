"""A buffered writer dirties more memory than there is, on XFS on the mapped brick, while another process takes memory.

mapped_pressure.py SECONDS, in a small guest with swap off. No hang, no OOM kill of the service, the writer gets on, and what it
wrote is there.
"""

import os
import subprocess
import sys
import time

from installed import add_brick, brick, cli, install
from node import MIB, kernel_says, main, require, run, say

# Half of the memory of the guest, taken and given back all the time.
HOG = """
import time, sys
size = int(sys.argv[1])
while True:
    taken = bytearray(size)
    for at in range(0, size, 4096):
        taken[at] = 1
    time.sleep(1)
    del taken
"""
WRITER = """
n=0
while :; do
  dd if=/dev/urandom of=/bricks/b1/file.$((n %% 3)) bs=1M count=%d conv=notrunc status=none || exit 1
  n=$((n + 1)); echo $n > /run/written
done
"""
CONFIG = """
cache: {buffers: 64MiB, metadata_memory: 8MiB}
map: {request_timeout: 30s}
"""


def meminfo(key):
    with open("/proc/meminfo") as info:
        return next(int(line.split()[1]) // 1024 for line in info if line.startswith(key + ":"))


def sectors_written():
    with open("/sys/block/nbd0/stat") as stat:
        return int(stat.read().split()[6])


def main_pid():
    return run("systemctl", "show", "-p", "MainPID", "--value", "brickcached.service").strip()


def scenario():
    seconds = int(sys.argv[1])
    install(CONFIG)
    add_brick("b1", "/dev/vmlab/disk1")
    pid, total = main_pid(), meminfo("MemTotal")
    say("%d MiB of memory, the service has %s" % (total, run("grep", "VmRSS", "/proc/%s/status" % pid).split(":")[1].strip()))
    run("sysctl", "-q", "vm.dirty_ratio=60", "vm.dirty_background_ratio=40")
    writer = subprocess.Popen(["sh", "-c", WRITER % (total // 2)], stdin=subprocess.DEVNULL, start_new_session=True)
    hog = subprocess.Popen([sys.executable, "-c", HOG, str(meminfo("MemAvailable") // 2 * MIB)], stdin=subprocess.DEVNULL)
    with open("/proc/%d/oom_score_adj" % hog.pid, "w") as out:
        out.write("800")
    hogs, end, longest, lowest = 1, time.monotonic() + seconds, 0.0, total
    last, moved, told = sectors_written(), time.monotonic(), time.monotonic()
    while time.monotonic() < end:
        time.sleep(1)
        now = sectors_written()
        if now != last:
            last, moved = now, time.monotonic()
        longest = max(longest, time.monotonic() - moved)
        lowest = min(lowest, meminfo("MemAvailable"))
        require(longest < 120, "the writer has not got on for two minutes")
        require(writer.poll() is None, "the writer ended")
        require(main_pid() == pid, "the service is another process")
        if hog.poll() is not None:
            hog = subprocess.Popen([sys.executable, "-c", HOG, str(max(32, meminfo("MemAvailable") // 2) * MIB)],
                                   stdin=subprocess.DEVNULL)
            with open("/proc/%d/oom_score_adj" % hog.pid, "w") as out:
                out.write("800")
            hogs += 1
        if time.monotonic() - told > 60:
            told = time.monotonic()
            say("%d MiB written to the device, %d MiB available, %d MiB dirty pages, hog %d" % (
                last // 2048, meminfo("MemAvailable"), meminfo("Dirty"), hogs))
    hog.kill()
    os.killpg(writer.pid, 9)
    writer.wait()
    run("sync")
    said = kernel_says("blocked for more than", "I/O error", "Out of memory: Killed process %s" % pid)
    require(not said, "the kernel says: %s" % said[:3])
    require(run("grep", "VmSwap", "/proc/%s/status" % pid).split()[1] == "0", "the service was swapped out")
    require(last // 2048 > 2 * total, "only %d MiB were written" % (last // 2048))
    killed = len(kernel_says("Out of memory: Killed process"))
    run("sh", "-c", "dd if=/dev/urandom of=/bricks/b1/end bs=1M count=8 conv=fsync status=none")
    before = run("sh", "-c", "cd /bricks/b1 && md5sum *")
    run("umount", "/bricks/b1")
    run("xfs_repair", "-n", "/dev/brickcache/b1")
    run("mount", "/dev/brickcache/b1", "/bricks/b1")
    require(run("sh", "-c", "cd /bricks/b1 && md5sum *") == before, "the files changed over a mount")
    say("%d s: %d MiB written, never less than %d MiB available, the longest pause %.0f s, %d OOM kills of the hog, none of"
        " the service; %s" % (seconds, last // 2048, lowest, longest, killed, brick("b1")["state"]))
    cli("node", "doctor")


main(scenario)
