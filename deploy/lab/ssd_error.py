"""The SSD's data area fails (dm-error), in part and as a whole, with clean and with dirty blocks, and comes back.

Clean: no request fails. Dirty: EIO for blocks that were dirty and for no others, never wrong data; a write of a whole
block heals it. Another cache of the node is untouched throughout.
"""

import random

import brickload
from node import MIB, SECTOR, Mapped, Service, main, mount_new, require, run, say, wait

SIZE = 24 * MIB
AREA = 16 * MIB


def scenario():
    rng = random.Random(11)
    meta = Mapped("meta", "/dev/vmlab/ssd", 0, 256 * MIB)
    area = Mapped("area", "/dev/vmlab/ssd", 256 * MIB, AREA)
    disks = {"one": Mapped("one", "/dev/vmlab/disk1", 0, SIZE), "other": Mapped("other", "/dev/vmlab/disk2", 0, SIZE)}
    mount_new(meta.path, "/ssd")
    loads = {name: brickload.Load(brickload.Model(name, SIZE), rng) for name in disks}
    for name, disk in disks.items():
        loads[name].model.fill(disk.path)
    # Nothing is demoted by itself, so that what is dirty stays so until told.
    service = Service("/var/tmp/node", dirty_low="98%", dirty_high="99%", max_dirty_age="24h", idle_delay="24h")
    service.start()
    service.cli("cache", "create", "failing", "--directory", "/ssd/failing", "--size", "16MiB", "--data", area.path)
    service.cli("cache", "create", "sound", "--directory", "/ssd/sound", "--size", "16MiB")
    service.cli("brick", "attach", "one", "--cache", "failing", "--device", disks["one"].path)
    service.cli("brick", "attach", "other", "--cache", "sound", "--device", disks["other"].path)
    one, other = (brickload.NbdClient(service.socket, name) for name in ("one", "other"))
    model = loads["one"].model

    def busy(load, client, batches):
        for _ in range(batches):
            load.batch(client)
        require(load.flush(client) == 0 and not load.errors,
                "brick %s answered with errors: %s" % (load.model.brick, load.errors[:3]))

    busy(loads["one"], one, 60)
    busy(loads["other"], other, 40)
    service.cli("brick", "flush", "one")
    require(service.brick("one")["dirty_bytes"] == 0, "dirty after a flush")

    say("a quarter of the data area fails, all of the brick is clean")
    area.fail(AREA // 4, AREA // 4)
    require(loads["one"].read_all(one) == [], "EIO though every block is on the disk")
    busy(loads["one"], one, 40)
    require(loads["one"].read_all(one) == [], "EIO though nothing dirty was ever in the failing part")
    area.heal()
    busy(loads["one"], one, 20)

    say("the whole data area is gone, all of the brick is clean")
    service.cli("brick", "flush", "one")
    area.fail_all()
    require(loads["one"].read_all(one) == [], "EIO though every block is on the disk")
    busy(loads["one"], one, 40)
    busy(loads["other"], other, 20)
    require(loads["one"].read_all(one) == [], "EIO though the disk has everything")
    state = service.cache("failing")
    say("the cache says: %s, %s" % (state["state"], state.get("state_reason", "")))
    require(state["state"] != "CACHE_STATE_SERVING", "the cache does not say that its SSD is gone")
    area.heal()
    wait(120, "the cache serves again", lambda: service.cache("failing")["state"] == "CACHE_STATE_SERVING")
    busy(loads["one"], one, 60)
    require(loads["one"].read_all(one) == [], "errors after the SSD came back")
    say("it came back")

    say("the whole data area is gone while blocks are dirty")
    busy(loads["one"], one, 20)
    dirty = service.brick("one")["dirty_bytes"] // 4096
    require(dirty > 0, "nothing is dirty")
    area.fail_all()
    failed = loads["one"].read_all(one)
    require(0 < len(failed) <= dirty, "EIO for %d blocks, %d were dirty" % (len(failed), dirty))
    busy(loads["other"], other, 20)
    say("EIO for %d blocks, %d were dirty; the rest is read from the disk" % (len(failed), dirty))
    sector, count = next((sector, count) for sector, count in failed if count == 8)
    sequence = model.issue(brickload.WRITE, sector, count)
    error, _ = one.call(brickload.WRITE, sector * SECTOR, count * SECTOR, model.content(sector, count, sequence))
    require(error == 0, "a whole block is not healed by writing it: errno %d" % error)
    model.acknowledge(brickload.WRITE, sector, count, sequence, False)
    error, data = one.call(brickload.READ, sector * SECTOR, count * SECTOR)
    require(error == 0, "what was written again answers with errno %d" % error)
    model.check(sector, data)
    require(loads["other"].read_all(other) == [], "the other cache answered with errors")
    # Either the cache found its blocks again or it names them as lost: never a wrong byte.
    area.heal()
    wait(120, "the cache serves again", lambda: service.cache("failing")["state"] == "CACHE_STATE_SERVING")
    left = loads["one"].read_all(one)
    require(len(left) < len(failed) or left == [], "no block came back with the SSD, and the written one is lost again")
    say("after it came back: EIO for %d blocks" % len(left))
    for client, name in ((one, "one"), (other, "other")):
        client.close()
    service.cli("brick", "detach", "other", "--flush")
    loads["other"].check_device(disks["other"].path)
    require(service.stop() in (0, 143), "the service did not stop in order")
    run("umount", "/ssd")


main(scenario)
