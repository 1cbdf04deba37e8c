"""In the guest: the packaged service, its command line, and device-mapper tables that fail and heal."""

import json
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, HERE)
SECTOR = 512
MIB = 1 << 20


class Failed(Exception):
    """What the scenario requires is not so."""


def require(condition, message):
    if not condition:
        raise Failed(message)


def run(*command, **options):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    if done.returncode != 0:
        raise Failed("%s: exit code %d: %s%s" % (" ".join(command), done.returncode, done.stdout, done.stderr))
    return done.stdout


def wait(seconds, what, condition):
    """Polls until the condition holds; its last value is the result."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed("not within %d s: %s" % (seconds, what))
        time.sleep(0.5)


class Service:
    """The packaged service with all its files but caches and bricks in one folder."""

    def __init__(self, folder, map_options=None, **cache_options):
        self.folder, self._process = folder, None
        os.makedirs(folder, exist_ok=True)
        self.socket = os.path.join(folder, "nbd.sock")
        self.log = os.path.join(folder, "brickcached.log")
        self._config = os.path.join(folder, "brickcached.yaml")
        self._environment = dict(os.environ, BRICKCACHE_ENDPOINT="unix:%s/admin.sock" % folder)
        options = {"buffers": "64MiB", "metadata_memory": "8MiB", "commit_interval": "200ms", **cache_options}
        with open(self._config, "w") as out:
            out.write('state_directory: %s/state\nnbd: {listen: "unix:%s"}\nadmin: {listen: "unix:%s/admin.sock"}\n'
                      % (folder, self.socket, folder))
            out.write("cache: {%s}\n" % ", ".join("%s: %s" % item for item in options.items()))
            out.write("io: {engine: %s}\n" % os.environ.get("BRICKCACHE_LAB_ENGINE", "auto"))
            if map_options:
                out.write("map: {%s}\n" % ", ".join("%s: %s" % item for item in map_options.items()))

    def start(self):
        self._spawn()
        wait(300, "the service answers", lambda: self._process.poll() is not None or self._serves())
        require(self._process.poll() is None, "the service ended instead of starting; see " + self.log)

    def start_and_kill(self, seconds):
        """A start that does not get far."""
        self._spawn()
        time.sleep(seconds)
        self.kill()

    def _spawn(self):
        with open(self.log, "a") as log:
            self._process = subprocess.Popen(
                [os.path.join(HERE, "server/bin/brickcached"), "--config", self._config], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True,
                env=dict(os.environ, BRICKCACHED_JAVA_OPTS="-Xmx192m"))

    def _serves(self):
        status = self.status(check=False)
        return status and status["node"]["state"] == "NODE_STATE_SERVING"

    def kill(self):
        self._process.kill()
        self._process.wait()

    def stop(self):
        """SIGTERM; returns the exit code."""
        self._process.terminate()
        return self._process.wait(120)

    def cli(self, *arguments):
        # An emulated processor takes a minute for what others do in a second.
        return run(os.path.join(HERE, "client/bin/brickcache"), "--timeout", "2m", *arguments, env=self._environment)

    def status(self, check=True):
        try:
            return json.loads(self.cli("-o", "json", "status"))
        except Failed:
            if check:
                raise
            return None

    def brick(self, name):
        return json.loads(self.cli("-o", "json", "brick", "show", name))

    def mappings(self):
        """What is mapped, by brick."""
        return {mapping["brick"]: mapping for mapping in json.loads(self.cli("-o", "json", "showmapped"))["mappings"]}

    def cache(self, name):
        return json.loads(self.cli("-o", "json", "cache", "show", name))


def announce_volatile_caches():
    """The lab's storage daemon says that its disks have no volatile cache: the kernel would keep every flush to itself."""
    for disk in os.listdir("/sys/block"):
        cache_type = "/sys/block/%s/cache_type" % disk
        if os.path.exists(cache_type):
            with open(cache_type, "w") as out:
                out.write("write back")
            with open("/sys/block/%s/queue/write_cache" % disk) as said:
                require(said.read().strip() == "write back", disk + " gets no flushes: it would prove nothing")


class Mapped:
    """A device-mapper device over a part of another; parts of it can be made to fail, and healed. Made if not there."""

    def __init__(self, name, device, first_byte, size_bytes):
        self.path = "/dev/mapper/" + name
        self._name, self._device = name, device
        self._start, self._sectors = first_byte // SECTOR, size_bytes // SECTOR
        if not os.path.exists(self.path):
            announce_volatile_caches()
            # With a name of its own, as an LV has: it is known by that after it was resized.
            self._load("create", self._linear(0, self._sectors), options=("--uuid", "LAB-" + name))

    def fail(self, first_byte, size_bytes):
        """EIO for reads and writes of that range."""
        first, count = first_byte // SECTOR, size_bytes // SECTOR
        self._swap(self._linear(0, first), "%d %d error" % (first, count), self._linear(first + count, self._sectors))

    def fail_all(self):
        self._swap("0 %d error" % self._sectors)

    @staticmethod
    def drop_writes(devices):
        """Writes are answered and forgotten, from one moment on for all of them."""
        for each in devices:
            each._load("reload", "0 %d flakey %s %d 0 3600 1 drop_writes" % (each._sectors, each._device, each._start))
        for each in devices:
            run("dmsetup", "suspend", "--nolockfs", each._name)
        for each in devices:
            run("dmsetup", "resume", each._name)

    def heal(self):
        self._swap(self._linear(0, self._sectors))

    def grow(self, size_bytes):
        """As an LV that is extended, also while it is used."""
        self._sectors = size_bytes // SECTOR
        self._load("reload", self._linear(0, self._sectors))
        run("dmsetup", "suspend", self._name)
        run("dmsetup", "resume", self._name)

    def remove(self):
        run("dmsetup", "remove", "--retry", self._name)

    def _linear(self, first, end):
        return "" if first >= end else "%d %d linear %s %d" % (first, end - first, self._device, self._start + first)

    def _load(self, verb, *lines, options=()):
        run("dmsetup", verb, self._name, *options, input="\n".join(line for line in lines if line) + "\n")

    def _swap(self, *lines):
        self._load("reload", *lines)
        run("dmsetup", "suspend", "--noflush", "--nolockfs", self._name)
        run("dmsetup", "resume", self._name)


def kernel_says(*patterns):
    """Lines of the kernel's log that one of the patterns matches."""
    return [line for line in run("dmesg").splitlines() if any(re.search(pattern, line) for pattern in patterns)]


def mount_new(device, folder):
    run("mkfs.ext4", "-q", "-F", device)
    os.makedirs(folder, exist_ok=True)
    run("mount", device, folder)


def main(scenario):
    """Runs a scenario of this guest: says what was done, ends with 1 and the reason when it failed."""
    try:
        scenario()
    except Failed as failure:
        sys.exit("FAILED: %s" % failure)
    print("passed")


def say(message):
    print("  [%s] %s" % (time.strftime("%H:%M:%S"), message), flush=True)
