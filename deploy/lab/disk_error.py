"""A range of one brick's disk answers every I/O with EIO (dm-error), and heals.

EIO reaches the client for blocks of that range and for no other; what is written there stays on the SSD, dirty; the rest of
the brick is demoted, the demoter backs off, the neighbour in the same cache is untouched; healed, all reaches the disk.
"""

import random
import time

import brickload
from node import MIB, SECTOR, Mapped, Service, main, mount_new, require, run, say, wait

SIZE = 24 * MIB
BAD_START, BAD_SIZE = 8 * MIB, 2 * MIB


def scenario():
    rng = random.Random(7)
    ssd = Mapped("ssd", "/dev/vmlab/ssd", 0, 256 * MIB)
    disks = {"bad": Mapped("bad", "/dev/vmlab/disk1", 0, SIZE), "good": Mapped("good", "/dev/vmlab/disk2", 0, SIZE)}
    mount_new(ssd.path, "/ssd")
    loads = {name: brickload.Load(brickload.Model(name, SIZE), rng) for name in disks}
    for name, disk in disks.items():
        loads[name].model.fill(disk.path)
    service = Service("/var/tmp/node", dirty_low="10%", dirty_high="50%", max_dirty_age="1s", idle_delay="1s")
    service.start()
    service.cli("cache", "create", "ssd1", "--directory", "/ssd/cache", "--size", "16MiB")
    for name, disk in disks.items():
        service.cli("brick", "attach", name, "--cache", "ssd1", "--device", disk.path)
    bad, good = (brickload.NbdClient(service.socket, name) for name in ("bad", "good"))

    def busy(batches):
        for _ in range(batches):
            loads["good"].batch(good)
        require(loads["good"].flush(good) == 0 and not loads["good"].errors,
                "the neighbour answered with errors: %s" % loads["good"].errors[:3])

    for _ in range(40):
        loads["bad"].batch(bad)
    busy(40)
    service.cli("brick", "flush", "bad")

    say("%d KiB of the disk fail" % (BAD_SIZE >> 10))
    disks["bad"].fail(BAD_START, BAD_SIZE)
    failed = loads["bad"].read_all(bad)
    first, end = BAD_START // SECTOR, (BAD_START + BAD_SIZE) // SECTOR
    require(failed, "nothing of the failing range was read from the disk")
    require(all(first <= sector and sector + count <= end for sector, count in failed),
            "EIO outside of the failing range: %s" % failed[:3])
    say("read all: EIO for %d blocks, all of them in the failing range" % len(failed))
    busy(40)

    inside = brickload.Load(loads["bad"].model, rng, span=(first, end))
    written = rng.sample(range(first // 8, end // 8), 64)
    for block in written:
        sequence = inside.model.issue(brickload.WRITE, block * 8, 8)
        data = inside.model.content(block * 8, 8, sequence)
        error, _ = bad.call(brickload.WRITE, block * 8 * SECTOR, 8 * SECTOR, data)
        require(error == 0, "a write of a whole block to the failing range answered with %d; the SSD could take it" % error)
        inside.model.acknowledge(brickload.WRITE, block * 8, 8, sequence, False)
    require(loads["bad"].flush(bad) == 0, "FLUSH failed, though all that was written is on the SSD")
    outside = brickload.Load(loads["bad"].model, rng, span=(end, loads["bad"].model.sectors))
    for _ in range(20):
        outside.batch(bad)
    require(not outside.errors, "errors outside of the failing range: %s" % outside.errors[:3])
    busy(40)

    wait(60, "the rest of the brick and the neighbour are demoted",
         lambda: service.brick("good")["dirty_bytes"] == 0 and service.brick("bad")["dirty_bytes"] <= BAD_SIZE)
    wait(20, "the demoter met the failing range", lambda: service.brick("bad")["stats"]["disk_write_errors"] > 0)
    before = service.brick("bad")
    time.sleep(10)
    after = service.brick("bad")
    tries = after["stats"]["disk_write_errors"] - before["stats"]["disk_write_errors"]
    require(after["dirty_bytes"] >= len(written) * 4096, "a block is no longer dirty that never reached the disk")
    require(tries <= 200, "the demoter does not back off: %d failed writes in 10 s" % tries)
    require(after["state"] == "BRICK_STATE_SERVING", "the brick is %s: %s" % (after["state"], after["state_reason"]))
    for block in written:
        error, data = bad.call(brickload.READ, block * 8 * SECTOR, 8 * SECTOR)
        require(error == 0, "a dirty block is not read from the SSD: errno %d" % error)
        inside.model.check(block * 8, data)
    say("%d blocks stay dirty and are read from the SSD; %d tries in 10 s" % (after["dirty_bytes"] // 4096, tries))

    say("killed and started again while the disk still fails")
    service.kill()
    service.start()
    bad, good = (brickload.NbdClient(service.socket, name) for name in ("bad", "good"))
    require(loads["good"].read_all(good, crashed=True) == [], "the neighbour answered with errors after a restart")
    for block in written:
        error, data = bad.call(brickload.READ, block * 8 * SECTOR, 8 * SECTOR)
        require(error == 0, "a dirty block is not read from the SSD after a restart: errno %d" % error)
        inside.model.check(block * 8, data)

    say("the disk is healed")
    disks["bad"].heal()
    wait(120, "everything reached the disk", lambda: service.brick("bad")["dirty_bytes"] == 0)
    require(loads["bad"].read_all(bad, crashed=True) == [], "errors after the disk was healed")
    busy(20)
    for name, client in (("bad", bad), ("good", good)):
        client.close()
        service.cli("brick", "detach", name, "--flush")
        loads[name].check_device(disks[name].path)
    require(service.stop() in (0, 143), "the service did not stop in order")
    run("umount", "/ssd")


main(scenario)
