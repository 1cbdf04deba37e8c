"""fio with verification on a file system on a mapped brick, while something happens to the brick."""

import json
import subprocess
import threading

from node import require, run

# One pass: every block of two files is written in random order and read back behind the writer, and again at the end. What
# was written in the pass before, or somewhere else, has another seed in its header.
FIO = """
[global]
directory=/brick
verify=crc32c
verify_fatal=1
verify_backlog=128
do_verify=1
randseed=%d
[direct]
rw=randwrite
bs=16k
size=32m
direct=1
ioengine=libaio
iodepth=8
rate_iops=100
[buffered]
rw=randwrite
bs=4k
size=8m
ioengine=psync
fsync=16
rate_iops=100
[reads]
rw=randread
bs=8k
size=16m
direct=1
ioengine=libaio
iodepth=4
verify=0
rate_iops=60
"""


class Passes(threading.Thread):
    """fio, pass after pass."""

    def __init__(self, seed):
        super().__init__(daemon=True)
        self.ending, self.count, self.reads, self.writes = threading.Event(), 0, 0, 0
        self.failure, self._seed = None, seed

    def run(self):
        while not self.ending.is_set() and not self.failure:
            with open("/var/tmp/fio.job", "w") as job:
                job.write(FIO % (self._seed + self.count))
            done = subprocess.run(["fio", "--output-format=json", "/var/tmp/fio.job"], text=True, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            said, _, result = done.stdout.partition("{")
            jobs = json.loads("{" + result)["jobs"] if result else []
            errors = ["%s: %d" % (job["jobname"], job["error"]) for job in jobs if job["error"]]
            if done.returncode != 0 or errors or not jobs or "verify:" in done.stderr + said:
                self.failure = "exit code %d, errors %s: %s" % (done.returncode, errors, (said + done.stderr)[-600:])
            self.count += 1
            self.reads += sum(job["read"]["total_ios"] for job in jobs)
            self.writes += sum(job["write"]["total_ios"] for job in jobs)

    def check(self):
        require(self.failure is None, "fio, pass %d: %s" % (self.count, self.failure))


def checksums(folder):
    return run("sh", "-c", "cd %s && find . -type f | sort | xargs md5sum" % folder)
