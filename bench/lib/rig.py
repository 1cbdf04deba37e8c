"""What the measurements share: servers in a folder of their own, fio over NBD, the processor time of a process."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
SERVICE = os.path.join(ROOT, "server/target/dist/bin/brickcached")
CLIENT = os.path.join(ROOT, "client/target/dist/bin/brickcache")
MIB = 1 << 20


class RigError(Exception):
    """Something that the measurement needs did not work; the message says what."""


def run(command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    if done.returncode != 0:
        raise RigError("%s\n%s%s" % (" ".join(command), done.stdout, done.stderr))
    return done.stdout


def note(text):
    print(text, file=sys.stderr, flush=True)


def install_missing(*pairs):
    """Each pair is PROGRAM:PACKAGE; what is missing is installed with apt-get, which takes root."""
    script = 'say() { echo "$*"; }; fail() { echo "$*" >&2; exit 1; }; . "$0"; install_missing "$@"'
    run(["bash", "-c", script, os.path.join(ROOT, "deploy/lib/packages.sh"), *pairs])


def require_build():
    if not os.access(SERVICE, os.X_OK) or not os.access(CLIENT, os.X_OK):
        raise RigError("not built yet: mvn -Dquickly package")


def work_folder():
    """A new one, on a disk and not in memory: what it holds is synced. Its remover is who asked for it."""
    parent = os.environ.get("TMPDIR", "/var/tmp")
    try:
        return tempfile.mkdtemp(prefix="brickcache-bench.", dir=parent)
    except OSError as error:
        raise RigError("no folder can be made in %s: %s; set TMPDIR to a folder on a disk with room" % (
            parent, error.strerror)) from error


def make_file(path, size_mib):
    """Fully written: reads of holes and writes to unwritten extents would be another measurement."""
    try:
        with open(path, "wb") as out:
            for _ in range(size_mib):
                out.write(os.urandom(MIB))
            os.fsync(out.fileno())
    except OSError as error:
        raise RigError("%s of %d MiB cannot be written: %s; set TMPDIR to a folder on a disk with room" % (
            path, size_mib, error.strerror)) from error


def warm_page_cache(path):
    with open(path, "rb") as source:
        while source.read(MIB):
            pass


def evict(path):
    """Drops the file from the page cache."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fdatasync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


class Server:
    """A server that runs until stopped."""

    # What a peer serves, if that is a file.
    file = None

    def __init__(self, name, uri, command, folder, environment=None):
        self.name, self.uri = name, uri
        self.log = os.path.join(folder, re.sub(r"\W+", "_", name) + ".log")
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})})

    def await_ready(self, probe):
        for _ in range(300):
            if subprocess.run(probe, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.2)
        with open(self.log) as log:
            raise RigError("%s does not serve:\n%s" % (self.name, log.read()))

    def target(self):
        """What fio needs to use it."""
        return ["--ioengine=nbd", "--uri=" + self.uri]

    def cpu_seconds(self):
        """User and system time of all threads."""
        with open("/proc/%d/stat" % self.process.pid) as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Brickcached(Server):
    """The packaged service with one cache and one brick, twice as large as the brick, all of it in the cache."""

    def __init__(self, name, folder, data, size_mib, direct, java_options=""):
        os.mkdir(folder)
        self.folder = folder
        socket = os.path.join(folder, "nbd.sock")
        self.endpoint = "unix:" + os.path.join(folder, "admin.sock")
        config = os.path.join(folder, "brickcached.yaml")
        with open(config, "w") as out:
            out.write("state_directory: %s/state\n" % folder)
            out.write('nbd: {listen: "unix:%s"}\n' % socket)
            out.write('admin: {listen: "%s"}\n' % self.endpoint)
            out.write("io: {engine: io_uring, direct: %s}\n" % ("true" if direct else "false"))
            # What is measured is the data path: nothing is demoted meanwhile.
            out.write("cache: {dirty_low: 90%, dirty_high: 95%, max_dirty_age: 1h, idle_delay: 1h}\n")
        super().__init__(name, "nbd+unix:///b?socket=" + socket, [SERVICE, "--config", config], folder,
                         {"BRICKCACHED_JAVA_OPTS": java_options})
        try:
            self.await_ready([CLIENT, "--endpoint", self.endpoint, "status"])
            brick = os.path.join(folder, "brick.img")
            with open(brick, "wb") as out:
                out.truncate(size_mib * MIB)
            self.client("cache", "create", "ssd", "--directory", folder + "/ssd", "--size", "%dMiB" % (size_mib * 2))
            self.client("brick", "attach", "b", "--cache", "ssd", "--device", brick)
            # Written through the service, every block is on the SSD; flushed, it is clean there.
            run(["nbdcopy", "--flush", data, self.uri])
            self.client("brick", "flush", "b")
        except BaseException:
            self.stop()
            raise

    def client(self, *arguments):
        return run([CLIENT, "--endpoint", self.endpoint, *arguments])

    def status(self):
        return json.loads(self.client("-o", "json", "status"))

    def missed_blocks(self):
        return sum(int(brick.get("stats", {}).get("read_miss_blocks", 0)) for brick in self.status()["bricks"])

    def allocated_bytes(self):
        """What each thread of Java has allocated on the heap since it began, by number."""
        source = os.path.join(os.path.dirname(os.path.realpath(__file__)), "Allocated.java")
        return dict(tuple(map(int, line.split())) for line in run(["java", source, str(self.process.pid)]).splitlines())


def peer(name, folder, data, command):
    """A server of others on a Unix socket; {socket}, {data} in the command are put in."""
    socket = os.path.join(folder, re.sub(r"\W+", "_", name) + ".sock")
    if os.path.exists(socket):
        os.remove(socket)
    words = [word.format(socket=socket, data=data) for word in command]
    server = Server(name, "nbd+unix:///?socket=" + socket, words, folder, {"TMPDIR": folder})
    try:
        server.await_ready(["nbdinfo", "--size", server.uri])
    except BaseException:
        server.stop()
        raise
    return server


class BareFile:
    """No server: a file that fio reads and writes itself, past the page cache."""

    def __init__(self, name, file):
        self.name, self.file = name, file

    def target(self):
        return ["--ioengine=io_uring", "--filename=" + self.file, "--direct=1"]

    def cpu_seconds(self):
        return 0.0

    def stop(self):
        pass


def fio(server, options, seconds=None, connections=1):
    """One run of fio, of so many seconds or once over all of the file: IOPS, latency from submission to completion in us,
    server CPU in us for each I/O."""
    cpu = server.cpu_seconds()
    limit = ["--time_based", "--runtime=%d" % seconds] if seconds else []
    report = run(
        ["fio", "--name=job", *server.target(), "--thread", *limit, "--norandommap", "--randrepeat=0",
         "--numjobs=%d" % connections, "--group_reporting", "--lat_percentiles=1", "--output-format=json", *options])
    return figures(report, server.cpu_seconds() - cpu)


def figures(report, cpu_seconds=0.0):
    # The NBD engine prints a note of its own before the report.
    job = json.loads(report[report.index("{"):])["jobs"][0]
    sides = [job[side] for side in ("read", "write") if job[side]["total_ios"] > 0]
    total = sum(side["total_ios"] for side in sides)
    main = max(sides, key=lambda side: side["total_ios"])
    return {
        "iops": sum(side["iops"] for side in sides),
        "mean_us": main["lat_ns"]["mean"] / 1000,
        "p50_us": main["lat_ns"]["percentile"]["50.000000"] / 1000,
        "p99_us": main["lat_ns"]["percentile"]["99.000000"] / 1000,
        "cpu_us": cpu_seconds * 1e6 / total,
        "ios": total,
    }
