"""kill -9 under fio with verification on XFS on a mapped brick: requests wait and are sent again, no error is seen.

mapped_kill.py KILLS SEED. Afterwards the file system is whole, and on the bare disk every file is what it was on the brick.
"""

import json
import os
import random
import subprocess
import sys
import time

from node import MIB, Service, kernel_says, main, mount_new, require, run, say, wait

FIO = """
[global]
directory=/brick
time_based=1
runtime=36000
verify=crc32c
verify_fatal=1
verify_backlog=128
randrepeat=1
group_reporting=0
[direct]
rw=randwrite
bs=16k
size=48m
direct=1
ioengine=libaio
iodepth=8
rate_iops=120
[buffered]
rw=randwrite
bs=4k
size=24m
ioengine=psync
fsync=16
rate_iops=120
[reads]
rw=randread
bs=8k
size=48m
direct=1
ioengine=libaio
iodepth=4
verify=0
rate_iops=60
"""


def completed(device):
    """Requests that the device has answered."""
    with open("/sys/block/%s/stat" % device) as stat:
        fields = stat.read().split()
    return int(fields[0]) + int(fields[4])


def checksums(folder):
    return run("sh", "-c", "cd %s && find . -type f | sort | xargs md5sum" % folder)


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
    with open("/var/tmp/fio.job", "w") as job:
        job.write(FIO)
    with open("/var/tmp/fio.log", "w") as log:
        fio = subprocess.Popen(["fio", "--output-format=json", "--output=/var/tmp/fio.json", "/var/tmp/fio.job"],
                               stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    longest = 0.0
    for number in range(kills):
        before = completed(name)
        wait(300, "fio makes progress", lambda: completed(name) > before + 50 or fio.poll() is not None)
        time.sleep(rng.uniform(0, 2))
        require(fio.poll() is None, "fio ended after %d kills; see /var/tmp/fio.log" % number)
        service.kill()
        killed, before = time.monotonic(), completed(name)
        if rng.random() < 0.25:
            service.start_and_kill(rng.uniform(0.2, 6))
        service.start()
        wait(300, "the device answers again", lambda: completed(name) > before + 20 or fio.poll() is not None)
        stalled = time.monotonic() - killed
        longest = max(longest, stalled)
        if number % 5 == 4:
            say("%d kills, the last stall %.1f s, the longest %.1f s" % (number + 1, stalled, longest))
    before = completed(name)
    wait(300, "fio makes progress", lambda: completed(name) > before + 200)
    require(fio.poll() is None, "fio ended by itself; see /var/tmp/fio.log")
    fio.send_signal(2)
    require(fio.wait(600) in (0, 128), "fio ended with %d" % fio.returncode)
    with open("/var/tmp/fio.json") as out:
        text = out.read()
    jobs = json.loads(text[text.index("{"):])["jobs"]
    for job in jobs:
        say("fio %s: error %d, %d reads and %d writes answered" %
            (job["jobname"], job["error"], job["read"]["total_ios"], job["write"]["total_ios"]))
        require(job["error"] == 0 and job["total_err"] == 0, "fio saw errors: %s" % job["jobname"])
    require(jobs[0]["read"]["total_ios"] > 100, "nothing was verified")
    with open("/var/tmp/fio.log") as log:
        require("verify:" not in log.read(), "fio found mismatches; see /var/tmp/fio.log")
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
