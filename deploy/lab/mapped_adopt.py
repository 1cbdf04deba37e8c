"""A disk with a file system and data on it is put behind the cache as docs/adopt-a-brick.md says, and taken out again.

Nothing is copied. Bare again, the disk is byte for byte what the mapped device was, and has what was written to that.
"""

import os

from node import Service, main, mount_new, require, run, say


def tree(folder):
    return run("sh", "-c", "cd %s && find . -type f | sort | xargs md5sum && find . | sort | xargs stat -c '%%n %%A %%u %%g %%Y'"
               % folder)


def checksum(device):
    return run("sh", "-c", "md5sum < " + device)


def scenario():
    disk, place = "/dev/vmlab/disk1", "/bricks/b1"
    run("modprobe", "nbd")
    os.makedirs(place, exist_ok=True)
    run("mkfs.xfs", "-q", "-f", "-i", "size=512", disk)
    run("mount", disk, place)
    run("sh", "-c", "cp -a /usr/share/doc %s/ && mkdir %s/brick && setfattr -n user.mark -v kept %s/brick"
        % (place, place, place))
    run("sh", "-c", "dd if=/dev/urandom of=%s/brick/data bs=1M count=32 status=none" % place)
    before = tree(place)

    say("an XFS with %d files is unmounted, attached, mapped, mounted" % before.count("\n"))
    run("umount", place)
    untouched = checksum(disk)
    mount_new("/dev/vmlab/ssd", "/ssd")
    service = Service("/var/tmp/node")
    service.start()
    service.cli("cache", "create", "ssd1", "--directory", "/ssd/cache", "--size", "96MiB")
    service.cli("brick", "attach", "b1", "--cache", "ssd1", "--device", disk)
    device = service.cli("map", "b1").strip()
    require(checksum(device) == untouched, "the mapped device is not what the disk was")
    run("mount", device, place)
    require(tree(place) == before, "the files are not the same behind the cache")
    require("kept" in run("getfattr", "-n", "user.mark", place + "/brick"), "an extended attribute is gone")

    run("sh", "-c", "cp -a %s/doc %s/more && dd if=/dev/urandom of=%s/brick/data bs=64k count=100 seek=200 conv=notrunc status=none"
        % (place, place, place))
    run("rm", "-r", place + "/doc/bash")
    service.kill()
    service.start()
    now = tree(place)
    say("written to, the service killed once meanwhile; %d bytes are dirty" % service.brick("b1")["dirty_bytes"])

    run("umount", place)
    mapped = checksum(device)
    service.cli("unmap", "b1")
    service.cli("brick", "detach", "b1", "--flush")
    require(checksum(disk) == mapped, "the bare disk is not byte for byte what the device was")
    run("mount", disk, place)
    require(tree(place) == now, "the files are not the same on the bare disk")
    run("umount", place)
    run("xfs_repair", "-n", disk)
    require(service.stop() in (0, 143), "the service did not stop in order")
    say("taken out: byte for byte the same, and mounted bare with the same files")


main(scenario)
