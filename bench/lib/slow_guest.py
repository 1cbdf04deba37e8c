"""In a machine of the lab: the jobs that the lab has for the kernel's caches, on brickcached's export as /dev/nbd0.

slow_guest.py PEERS_GUEST OUT OPTIONS...: the lab's script, where to write, that script's own options.
"""

import importlib.util
import json
import subprocess
import sys

import node

DEVICE = "/dev/nbd0"
WARM_MIB = 16


class Brickcache:
    """Defaults; takes the place of one of the lab's peers."""

    dev = DEVICE
    lab = None

    def __init__(self):
        node.mount_new(self.lab.SSD, "/mnt/ssd")
        self._service = node.Service("/var/tmp/node", buffers="128MiB", metadata_memory="64MiB", commit_interval="1s")
        self._service.start()
        self._compile()
        self._service.cli("cache", "create", "ssd", "--directory", "/mnt/ssd/cache", "--size",
                          "%dMiB" % self.lab.A.cache_mb)
        self._service.cli("brick", "attach", "b", "--cache", "ssd", "--device", self.lab.SATA)
        node.run("modprobe", "nbd")
        node.run("nbd-client", "-unix", self._service.socket, DEVICE, "-name", "b", "-b", "4096")

    def _compile(self):
        """Load on a small brick first, so that it is not Java's start that is measured."""
        with open("/mnt/ssd/warm.img", "wb") as out:
            out.truncate(WARM_MIB << 20)
        self._service.cli("cache", "create", "warm", "--directory", "/mnt/ssd/warm", "--size", "64MiB")
        self._service.cli("brick", "attach", "warm", "--cache", "warm", "--device", "/mnt/ssd/warm.img")
        node.run("fio", "--name=warm", "--ioengine=nbd", "--thread", "--time_based", "--runtime=15", "--norandommap",
                 "--rw=randrw", "--bs=4k", "--iodepth=16", "--size=%dM" % WARM_MIB,
                 "--uri=nbd+unix:///warm?socket=" + self._service.socket)

    def status(self):
        return self._service.brick("b")

    def close(self):
        """What is dirty stays so: the machine is thrown away."""
        node.run("nbd-client", "-d", DEVICE)
        self._service.kill()


def lab_module(path, arguments):
    """The lab's script as a module. Loaded, it runs the peers it is told to: none, and says that none failed."""
    sys.argv = [path, *arguments, "--peers", ""]
    spec = importlib.util.spec_from_file_location("peers_guest", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    path, out, *options = sys.argv[1:]
    lab = lab_module(path, [out, *options])
    Brickcache.lab = lab
    lab.Bcache = Brickcache
    try:
        result = lab.run_peer("bcache")
    except BaseException:
        subprocess.run(["tail", "-n", "30", "/var/tmp/node/brickcached.log"])
        raise
    with open(out, "w") as report:
        json.dump({"peers": [{**result, "peer": "brickcache"}]}, report)


if __name__ == "__main__":
    main()
