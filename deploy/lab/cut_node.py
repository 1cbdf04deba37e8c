"""In the guest whose power is cut (power_cut.py): cut_node.py fresh | again | drop."""

import sys

from node import MIB, Mapped, Service, main, mount_new, run

SIZE = 24 * MIB


def scenario():
    verb = sys.argv[1]
    ssd = Mapped("ssd", "/dev/vmlab/ssd", 0, 256 * MIB)
    bricks = {"left": Mapped("left", "/dev/vmlab/disk1", 0, SIZE), "right": Mapped("right", "/dev/vmlab/disk2", 0, SIZE)}
    if verb == "drop":
        # The disks first: nothing reaches them any more when the SSD forgets.
        Mapped.drop_writes([*bricks.values(), ssd])
        return
    if verb == "fresh":
        mount_new(ssd.path, "/ssd")
    else:
        run("mount", ssd.path, "/ssd")
    # Commits seldom by themselves, so that there is much to lose when the power goes.
    service = Service("/var/tmp/node", commit_interval="2s", dirty_low="5%", dirty_high="30%", max_dirty_age="1s",
                      idle_delay="1s")
    service.start()
    if verb == "fresh":
        service.cli("cache", "create", "ssd1", "--directory", "/ssd/cache", "--size", "16MiB")
        for name, disk in bricks.items():
            service.cli("brick", "attach", name, "--cache", "ssd1", "--device", disk.path)
        run("sync")


main(scenario)
