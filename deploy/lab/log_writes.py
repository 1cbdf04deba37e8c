"""Every state the disks went through (dm-log-writes): SSD and bricks are replayed to points of the log and recovered from.

SSD and both disks are parts of one logged device, so that one log orders all their writes. The load marks the log after
each FLUSH that was answered. At a mark, and at any point between two marks, the service starts on a copy of that moment,
and everything that was flushed at the mark before must be there; nothing may be there that was not yet written.
"""

import os
import random

import brickload
import replay
from node import MIB, Mapped, Service, main, mount_new, require, run, say

DEVICE = "/dev/vmlab/disk1"
SSD, SIZE = 128 * MIB, 20 * MIB
BRICKS = ("left", "right")
POINTS = 10
OPTIONS = {"dirty_low": "5%", "dirty_high": "20%", "max_dirty_age": "1s", "idle_delay": "1s"}


def parts(device):
    """The SSD and the bricks as parts of one device."""
    mapped = {"ssd": Mapped("ssd", device, 0, SSD)}
    for number, name in enumerate(BRICKS):
        mapped[name] = Mapped(name, device, SSD + number * SIZE, SIZE)
    return mapped


def scenario():
    rng = random.Random(13)
    total = SSD + len(BRICKS) * SIZE
    run("dmsetup", "create", "logged", "--table", "0 %d log-writes %s /dev/vmlab/log" % (total // 512, DEVICE))
    mapped = parts("/dev/mapper/logged")
    mount_new(mapped["ssd"].path, "/ssd")
    loads = {name: brickload.Load(brickload.Model(name, SIZE), rng) for name in BRICKS}
    for name in BRICKS:
        loads[name].model.fill(mapped[name].path)
    service = Service("/var/tmp/node", **OPTIONS)
    service.start()
    service.cli("cache", "create", "ssd1", "--directory", "/ssd/cache", "--size", "16MiB")
    for name in BRICKS:
        service.cli("brick", "attach", name, "--cache", "ssd1", "--device", mapped[name].path)
    warm_up(service, loads)
    marks = record(service, loads, rng)
    # The node's own files are on another disk, which the log does not have.
    run("cp", "-a", "/var/tmp/node/state", "/var/tmp/state")
    service.kill()
    run("umount", "/ssd")
    for each in mapped.values():
        each.remove()
    run("dmsetup", "remove", "--retry", "logged")
    check_points(marks, loads, rng)


def warm_up(service, loads):
    """Until the cache is full and evicts."""
    for name, load in loads.items():
        client = brickload.NbdClient(service.socket, name)
        for _ in range(40):
            if service.brick(name)["stats"]["evicted_blocks"]:
                break
            for _ in range(30):
                load.batch(client, trims=False)
        client.close()


def record(service, loads, rng):
    """Runs the load; a mark for each moment, with what the models knew then."""
    clients = {name: brickload.NbdClient(service.socket, name) for name in BRICKS}
    marks = []
    for number in range(60):
        for name in rng.sample(BRICKS, rng.choice((1, 2, 2))):
            for _ in range(rng.randrange(1, 6)):
                # No trims: a disk may do as it likes with them, and the log does not say what it did.
                loads[name].batch(clients[name], trims=False)
            require(loads[name].flush(clients[name]) == 0, "FLUSH failed")
        run("dmsetup", "message", "logged", "0", "mark", "flushed-%d" % number)
        marks.append({name: loads[name].model.snapshot() for name in BRICKS})
    for name in BRICKS:
        require(not loads[name].errors, "errors: %s" % loads[name].errors[:3])
    stats = [service.brick(name)["stats"] for name in BRICKS]
    for key in ("demoted_blocks", "evicted_blocks"):
        say("%s: %d" % (key, sum(each[key] for each in stats)))
        require(sum(each[key] for each in stats) > 0, "no " + key + ": the load was not what it should be")
    return marks


def check_points(marks, loads, rng):
    log = replay.Log("/dev/vmlab/log")
    places = {entry.mark: index for index, entry in enumerate(log.entries)
              if (entry.mark or "").startswith("flushed-")}
    require(len(places) == len(marks), "%d marks in the log, %d were made" % (len(places), len(marks)))
    say("%d entries in the log, %d marks" % (len(log.entries), len(marks)))
    # Each point: how many entries are replayed, and the mark before it.
    points = []
    for number in sorted(rng.sample(range(len(marks) - 1), POINTS)):
        place, following = places["flushed-%d" % number], places["flushed-%d" % (number + 1)]
        points.append((place + 1 if rng.random() < 0.3 else rng.randrange(place + 1, following + 1), number))
    target = os.open("/dev/vmlab/replay", os.O_RDWR)
    done = 0
    for place, number in points:
        for entry in log.entries[done:place]:
            log.apply(entry, target)
        os.fsync(target)
        done = place
        say("after entry %d, flushed up to mark %d" % (place, number))
        check_point(marks[number], marks[number + 1], loads)
    os.close(target)


def check_point(before, after, loads):
    """Starts on a snapshot of the replayed device, and reads everything."""
    sectors = (SSD + len(BRICKS) * SIZE) // 512
    run("blockdev", "--flushbufs", "/dev/vmlab/replay")
    run("dmsetup", "create", "moment", "--table", "0 %d snapshot /dev/vmlab/replay /dev/vmlab/cow N 8" % sectors)
    mapped = parts("/dev/mapper/moment")
    run("mount", mapped["ssd"].path, "/ssd")
    run("rm", "-rf", "/var/tmp/node/state")
    run("cp", "-a", "/var/tmp/state", "/var/tmp/node/state")
    service = Service("/var/tmp/node", **OPTIONS)
    service.start()
    for name in BRICKS:
        load = brickload.Load(brickload.Model.between(before[name], after[name]), random.Random(1))
        client = brickload.NbdClient(service.socket, name)
        failed = load.read_all(client, crashed=True)
        require(failed == [], "brick %s: errors at %s" % (name, failed[:3]))
        client.close()
        service.cli("brick", "detach", name, "--flush")
        load.check_device(mapped[name].path)
    service.stop()
    run("umount", "/ssd")
    for each in mapped.values():
        each.remove()
    run("dmsetup", "remove", "--retry", "moment")


main(scenario)
