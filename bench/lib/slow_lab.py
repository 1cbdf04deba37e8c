"""brickcache in a machine of the lab, next to dm-cache, dm-writecache, bcache and the lab's slow disk alone."""

import base64
import importlib.machinery
import importlib.util
import json
import os
import shutil
import tempfile

import dips
import rig

OURS = "brickcache"
DISK = "disk alone"
PEERS = {OURS: None, "dm-cache": "dm-cache", "dm-writecache": "dm-writecache", "bcache": "bcache", DISK: "raw-sata"}
GUEST = os.path.join(os.path.dirname(os.path.realpath(__file__)), "slow_guest.py")

# With fewer buckets bcache, it seems, does not cache at all.
CACHE_MIB = 512


class Turn:
    """A job of the lab in a new machine, with an empty cache: its name there, I/O size, length by the lab's --time."""

    def __init__(self, job, block, times=1):
        self.job, self.block, self.times = job, block, times


TURNS = {"zipf 70/30": Turn("zipf", 4096), "random writes": Turn("fill", 4096, 2),
         "sequential fill": Turn("seqwrite", rig.MIB)}


def lab_test():
    """deploy/lab-test as a module, for its machine."""
    path = os.path.join(rig.ROOT, "deploy/lab-test")
    loader = importlib.machinery.SourceFileLoader("lab_test", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("lab_test", loader))
    loader.exec_module(module)
    return module


def measure(home, work, name, turn, seconds):
    """The figures of one contender."""
    tests = lab_test()
    folder = tempfile.mkdtemp(prefix="slow.", dir=work)
    lab = tests.Lab(home, folder)
    try:
        lab.start("--ssd", "2G", "--sata", "8G", "--mem", "1280", fresh=True)
        script = tests.INTO_GUEST + "/peers_guest.py"
        put(lab, os.path.join(home, "guest/peers_guest.py"), script)
        options = "--jobs %s --time %d --fill-time %d --cache-mb %d" % (turn.job, seconds, 2 * seconds, CACHE_MIB)
        if PEERS[name] is None:
            put(lab, GUEST, tests.INTO_GUEST + "/slow_guest.py")
            lab.ssh("python3 %s/slow_guest.py %s /var/tmp/out.json %s" % (tests.INTO_GUEST, script, options))
        else:
            lab.ssh("python3 %s /var/tmp/out.json --peers %s %s" % (script, PEERS[name], options))
        peer = json.loads(lab.ssh("cat /var/tmp/out.json"))["peers"][0]
    finally:
        lab.close()
        shutil.rmtree(folder)
    if "failed" in peer:
        raise rig.RigError("%s: %s" % (name, peer["failed"]))
    return row(turn, seconds * turn.times, peer["jobs"][turn.job])


def put(lab, source, path):
    """Copies a small text file of ours into the guest."""
    with open(source, "rb") as content:
        lab.ssh("echo %s | base64 -d >%s" % (base64.b64encode(content.read()).decode(), path))


def row(turn, seconds, figures):
    sides = [figures[side] for side in ("read", "write") if side in figures]
    result = {"iops": sum(side["iops"] for side in sides), "longest_ms": max(side["max_us"] for side in sides) / 1000}
    for side in ("read", "write"):
        if side in figures:
            result[side + "_p99_ms"] = figures[side]["p99_us"] / 1000
    if "per_second_iops" in figures:
        counts = [0.0] * seconds
        for second, count in figures["per_second_iops"]:
            counts[min(seconds, max(1, second)) - 1] += count
        result["io_of_each_second"] = counts
        result["empty_iops"], result["full_iops"] = dips.filling(counts, 1, CACHE_MIB * rig.MIB / 2 / turn.block)
        result["worst_iops"] = dips.worst(counts, 1)
    return result
