"""A simulated 5400 rpm disk and what is put in front of it: nothing, nbdkit's cache filter, brickcached."""

import contextlib
import json
import os
import signal
import sys
import time

import rig

sys.path.insert(0, os.path.join(rig.ROOT, "deploy/lib"))
import brickload  # noqa: E402

PLUGIN = os.path.join(os.path.dirname(os.path.realpath(__file__)), "disk5400.py")
FUSE_REQUESTS = 64
PROGRAMS = ("fio:fio", "nbdkit:nbdkit", "nbdinfo:libnbd-bin", "nbdfuse:libnbd-bin", "fusermount3:fuse3",
            "qemu-nbd:qemu-utils")


def install_programs():
    rig.install_missing(*PROGRAMS)
    try:
        rig.run(["nbdkit", "python", "--dump-plugin"])
    except rig.RigError:
        # Not a program: by a name that is none, its package counts as missing.
        rig.install_missing("nbdkit-python-plugin:nbdkit-plugin-python")


class SlowDisk(rig.Server):
    """A sparse file of `size_mib` with the timing of disk5400.py, as an NBD export and on demand as a block device."""

    def __init__(self, folder, size_mib):
        os.mkdir(folder)
        self.folder, self.socket = folder, os.path.join(folder, "disk.sock")
        self._report = os.path.join(folder, "arm.json")
        self._fuse, self._loop = None, None
        image = os.path.join(folder, "disk.img")
        with open(image, "wb") as out:
            out.truncate(size_mib * rig.MIB)
        super().__init__("disk", "nbd+unix:///?socket=" + self.socket,
                         ["nbdkit", "-f", "-t", "48", "-U", self.socket, "python", PLUGIN, "file=" + image,
                          "report=" + self._report], folder)
        try:
            self.await_ready(["nbdinfo", "--size", self.uri])
        except BaseException:
            self.stop()
            raise

    def device(self):
        """A loop device on nbdfuse's file, past the page cache."""
        mount = os.path.join(self.folder, "mnt")
        os.mkdir(mount)
        path = os.path.join(mount, "disk")
        self._fuse = rig.Server("nbdfuse", None, ["nbdfuse", "-C", "4", path, "--unix", self.socket], self.folder)
        self._fuse.await_ready(["test", "-e", path])
        self._allow_requests(os.minor(os.stat(mount).st_dev))
        self._loop = rig.run(["losetup", "--find", "--show", "--sector-size", "512", "--direct-io=on", path]).strip()
        return self._loop

    def _allow_requests(self, connection):
        """By default the kernel gives FUSE twelve requests at a time: fewer than the disk sorts."""
        control = os.path.join(self.folder, "fusectl")
        os.mkdir(control)
        rig.run(["mount", "-t", "fusectl", "fusectl", control])
        try:
            with open(os.path.join(control, str(connection), "max_background"), "w") as out:
                out.write(str(FUSE_REQUESTS))
        finally:
            rig.run(["umount", control])

    def stop(self):
        """Whoever used it is gone by now."""
        if self._loop is not None:
            rig.run(["losetup", "--detach", self._loop])
            self._loop = None
        if self._fuse is not None:
            self._fuse.stop()
            self._fuse = None
        super().stop()

    def did(self):
        """Once stopped: requests, bytes, positionings, seconds busy."""
        with open(self._report) as report:
            return json.load(report)


class Bare:
    """The disk itself."""

    name = "disk alone"

    @contextlib.contextmanager
    def serving(self, disk, folder, cache_mib, block):
        yield disk.uri, disk.socket, ""


class Device:
    """The disk by way of the same block device as brickcached has it: what its detour through the kernel costs."""

    name = "disk alone, as a block device"

    @contextlib.contextmanager
    def serving(self, disk, folder, cache_mib, block):
        server = rig.peer(self.name, folder, disk.device(),
                          ["qemu-nbd", "-t", "-f", "raw", "--cache=none", "--aio=native", "-k", "{socket}", "{data}"])
        try:
            yield server.uri, server.uri.split("socket=")[1], ""
        finally:
            server.stop()


class Filter:
    """nbdkit's cache filter. Reads are cached and blocks suit the job: both do better here than its defaults."""

    def __init__(self, name, *options):
        self.name, self._options = name, options

    @contextlib.contextmanager
    def serving(self, disk, folder, cache_mib, block):
        options = [option.format(cache_mib=cache_mib) for option in self._options]
        server = rig.peer(self.name, folder, disk.socket,
                          ["nbdkit", "-f", "-t", "48", "-U", "{socket}", "--filter=cache", "nbd", "socket={data}",
                           "cache-on-read=true", "cache-min-block-size=%d" % min(block, 64 << 10), *options])
        try:
            yield server.uri, server.uri.split("socket=")[1], ""
        finally:
            # It would write on what a flush that was given up has begun.
            server.process.kill()
            server.stop()


class Brickcached(rig.Server):
    """The packaged service with its default policies."""

    EXPORT = "b"

    def __init__(self, folder):
        self.socket = os.path.join(folder, "nbd.sock")
        self.endpoint = "unix:" + os.path.join(folder, "admin.sock")
        config = os.path.join(folder, "brickcached.yaml")
        with open(config, "w") as out:
            out.write("state_directory: %s/state\n" % folder)
            out.write('nbd: {listen: "unix:%s"}\n' % self.socket)
            out.write('admin: {listen: "%s"}\n' % self.endpoint)
        super().__init__("brickcached", "nbd+unix:///%s?socket=%s" % (self.EXPORT, self.socket),
                         [rig.SERVICE, "--config", config], folder)
        try:
            self.await_ready(["test", "-S", self.socket, "-a", "-S", self.endpoint.removeprefix("unix:")])
        except BaseException:
            self.stop()
            raise

    def client(self, *arguments):
        return rig.run([rig.CLIENT, "--endpoint", self.endpoint, "--timeout", "1m", *arguments])

    def kill(self):
        """What is dirty stays so: writing it would take minutes."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Ours:
    """brickcached in front of the disk as a block device."""

    name = "brickcache"

    @contextlib.contextmanager
    def serving(self, disk, folder, cache_mib, block):
        server = Brickcached(folder)
        try:
            self._compile(server, folder)
            device = disk.device()
            server.client("cache", "create", "ssd", "--directory", folder + "/ssd", "--size", "%dMiB" % cache_mib)
            server.client("brick", "attach", server.EXPORT, "--cache", "ssd", "--device", device)
            yield server.uri, server.socket, server.EXPORT
        finally:
            server.kill()

    def _compile(self, server, folder):
        """Load on a brick on a fast file first, so that it is not Java's start that is measured."""
        brick = os.path.join(folder, "warm.img")
        with open(brick, "wb") as out:
            out.truncate(16 * rig.MIB)
        server.client("cache", "create", "warm", "--directory", folder + "/warm", "--size", "64MiB")
        server.client("brick", "attach", "warm", "--cache", "warm", "--device", brick)
        for options in (["--rw=randrw", "--bs=4k", "--iodepth=16"], ["--rw=write", "--bs=1M", "--iodepth=4"]):
            rig.run(["fio", "--name=warm", "--ioengine=nbd", "--thread", "--time_based", "--runtime=2", "--norandommap",
                     "--size=16M", "--uri=nbd+unix:///warm?socket=" + server.socket, *options])


def flush_seconds(socket, export, limit):
    """How long a FLUSH takes; None if it takes longer than the limit."""
    client = brickload.NbdClient(socket, export, timeout=limit)
    try:
        began = time.monotonic()
        error, _ = client.call(brickload.FLUSH)
        if error:
            raise rig.RigError("a flush was answered with error %d" % error)
        return time.monotonic() - began
    except TimeoutError:
        return None
    finally:
        client.close()
