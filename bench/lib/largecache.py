"""The packaged service with a cache of millions of slots whose data area is a sparse file, for bench/memory and bench/restart.

The service makes a small cache and attaches a brick; then, while it is down, the cache is enlarged and filled by the Java
class CacheEnlargement: its metadata is what the service itself would have written, its data are holes.
"""

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import rig

sys.path.insert(0, os.path.join(rig.ROOT, "deploy/lib"))
import brickload  # noqa: E402

BLOCK = 4096
BUILT = os.path.join(rig.ROOT, "server/target/dist")
CONFIG = """state_directory: %(dir)s/state
nbd: {listen: "unix:%(dir)s/nbd.sock"}
admin: {listen: "unix:%(dir)s/admin.sock"}
cache: {dirty_low: 98%%, dirty_high: 99%%, max_dirty_age: 720h, idle_delay: 720h}
"""


def java_classpath():
    """Of the measurements in bench/src: the packaged service and our own classes."""
    own = os.path.join(rig.ROOT, "bench/target/classes")
    service = BUILT + "/lib"
    if not os.path.isdir(own) or not os.path.isdir(service):
        raise rig.RigError("not built yet: mvn -Dquickly package")
    return own + ":" + service + "/*"


def run_java(main, *arguments, options=()):
    """Runs a class of the bench to its end and returns what it printed."""
    done = subprocess.run(
        ["java", "-XX:+UseParallelGC", *options, "-cp", java_classpath(), "io.brickcache.bench.metadata." + main,
         *map(str, arguments)],
        env=dict(os.environ, BRICKCACHE_LOG_LEVEL="WARN"), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        said = re.search(r'^Exception in thread "main" [\w.$]+: (.*)', done.stderr, re.MULTILINE)
        raise rig.RigError(said.group(1) if said else "%s failed:\n%s%s" % (main, done.stdout, done.stderr))
    return done.stdout


def prefer(pid):
    """Lets a process that is a session of its own go before others, within its session and against other sessions."""
    try:
        os.setpriority(os.PRIO_PROCESS, pid, -19)
        with open("/proc/%d/autogroup" % pid, "w") as group:
            group.write("-19")
    except OSError as error:
        rig.note("the service cannot be given precedence: %s" % error)


def install(folder):
    """The service as an operator has it, below the folder; returns where its bin and lib are."""
    try:
        rig.run([os.path.join(rig.ROOT, "deploy/install"), "--root", folder])
    except rig.RigError as error:
        if os.strerror(errno.ENOSPC) in str(error):
            raise rig.RigError("%s has no room for the service; set TMPDIR to a folder on a disk with room" % folder) from error
        raise
    return os.path.join(folder, "usr/lib/brickcache/server")


class Service:
    """One node in a folder; its process comes and goes. It runs what was built, or what program is set to."""

    def __init__(self, folder, java_options="", first=False):
        """First: the process goes before others on a busy machine, as far as we may say so."""
        self.folder, self.java_options, self.first, self.process = folder, java_options, first, None
        self.program = BUILT
        self.socket = os.path.join(folder, "nbd.sock")
        self._log = os.path.join(folder, "brickcached.log")
        self._environment = dict(os.environ, BRICKCACHE_ENDPOINT="unix:%s/admin.sock" % folder)
        with open(os.path.join(folder, "brickcached.yaml"), "w") as out:
            out.write(CONFIG % {"dir": folder})

    def start(self):
        """Begins the process; returns at once, with the time of it."""
        begun = time.monotonic()
        with open(self._log, "a") as log:
            self.process = subprocess.Popen(
                [self.program + "/bin/brickcached", "--config", self.folder + "/brickcached.yaml"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                env=dict(os.environ, BRICKCACHED_JAVA_OPTS=self.java_options))
        if self.first:
            prefer(self.process.pid)
        return begun

    def connect(self, export, timeout=300):
        """A client of an export, as soon as there is one that is served."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            try:
                return brickload.NbdClient(self.socket, export)
            except (ConnectionError, FileNotFoundError):
                if self.process.poll() is not None:
                    break
                time.sleep(0.01)
        raise rig.RigError("the service does not serve:\n" + self.log())

    def await_admin(self):
        for _ in range(600):
            if self._try("status").returncode == 0:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise rig.RigError("the service does not serve:\n" + self.log())

    def cli(self, *arguments):
        done = self._try(*arguments)
        if done.returncode != 0:
            raise rig.RigError("brickcache %s: %s" % (" ".join(arguments), done.stderr))
        return done.stdout

    def _try(self, *arguments):
        return subprocess.run([os.path.join(rig.ROOT, "client/target/dist/bin/brickcache"), *arguments],
                              env=self._environment, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=600)

    def cpu_seconds(self):
        with open("/proc/%d/stat" % self.process.pid) as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self, how=signal.SIGTERM):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def log(self):
        with open(self._log) as log:
            return log.read()

    def loaded_ms(self):
        """What the service says that the last opening of the cache took."""
        found = re.findall(r"loaded in (\d+) ms", self.log())
        return int(found[-1]) if found else None


def make(service, slots, look=lambda: None):
    """A cache of so many slots, all in use, in front of a brick four times as large; the service is down afterwards.

    Look is called while the service runs with what it has been made of: a cache of 16 MiB.
    """
    folder = service.folder
    service.start()
    service.await_admin()
    brick = os.path.join(folder, "brick.img")
    with open(brick, "wb") as out:
        out.truncate(4 * (1 << (slots - 1).bit_length()) * BLOCK)
    service.cli("cache", "create", "ssd", "--directory", folder + "/ssd", "--size", "16MiB")
    service.cli("brick", "attach", "b", "--cache", "ssd", "--device", brick)
    look()
    service.stop()
    begun = time.monotonic()
    said = run_java("CacheEnlargement", folder + "/ssd/meta", folder + "/ssd/data", slots)
    rig.note("%s, in %.0f s" % (said.strip(), time.monotonic() - begun))
    state = os.path.join(folder, "state/caches.yaml")
    with open(state) as old:
        text = re.sub(r"(?m)^(\s*)slots: \d+$", r"\g<1>slots: %d" % slots, old.read())
    with open(state, "w") as new:
        new.write(text)


def metadata_mib(folder):
    """What the metadata takes on the SSD."""
    meta = os.path.join(folder, "ssd/meta")
    return sum(os.stat(os.path.join(meta, name)).st_blocks for name in os.listdir(meta)) * 512 >> 20


def forget_pages(*folders):
    """What the files hold is not in the page cache any more."""
    for folder in folders:
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def remove(folder):
    shutil.rmtree(folder, ignore_errors=True)
