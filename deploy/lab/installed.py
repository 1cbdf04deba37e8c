"""In the guest: the service as deploy/install puts it there, run by systemd, with one cache and bricks in bricktab.

installed.py setup BRICK... | check BRICK... (also imported)
"""

import json
import os
import sys

from node import HERE, main, mount_new, require, run, say, wait

OPTIONS = "BRICKCACHED_JAVA_OPTS=-Xms160m -Xmx160m -XX:+AlwaysPreTouch -XX:MaxDirectMemorySize=224m\n"
CONFIG = """
cache: {buffers: 64MiB, metadata_memory: 8MiB, dirty_low: 90%, dirty_high: 95%, max_dirty_age: 24h, idle_delay: 24h}
map: {request_timeout: 5s}
"""


def cli(*arguments):
    return run("/usr/bin/brickcache", *arguments)


def write(path, text):
    with open(path, "w") as out:
        out.write(text)


def install(config=CONFIG):
    run(os.path.join(HERE, "install"), "--server", HERE + "/server", "--client", HERE + "/client")
    write("/etc/default/brickcached", OPTIONS)
    write("/etc/brickcache/brickcached.yaml", config)
    mount_new("/dev/vmlab/ssd", "/ssd")
    run("e2label", "/dev/vmlab/ssd", "ssd")
    with open("/etc/fstab", "a") as out:
        # By its label: the lab's own links to its disks are none of udev's, so systemd does not know them.
        out.write("LABEL=ssd /ssd ext4 defaults,nofail,x-systemd.device-timeout=20s,x-systemd.before=brickcached.service 0 0\n")
    # The image keeps its journal in memory.
    os.makedirs("/etc/systemd/journald.conf.d", exist_ok=True)
    write("/etc/systemd/journald.conf.d/zz-persistent.conf", "[Journal]\nStorage=persistent\n")
    os.makedirs("/var/log/journal", exist_ok=True)
    run("systemctl", "restart", "systemd-journald")
    run("journalctl", "--flush")
    run("systemctl", "enable", "--now", "brickcached.service")
    cli("cache", "create", "ssd1", "--directory", "/ssd/cache", "--size", "96MiB")


def add_brick(name, disk, options="noatime"):
    cli("brick", "attach", name, "--cache", "ssd1", "--device", disk)
    cli("map", name)
    run("udevadm", "settle")
    run("mkfs.xfs", "-q", "-f", "-i", "size=512", "/dev/brickcache/" + name)
    cli("unmap", name)
    with open("/etc/brickcache/bricktab", "a") as out:
        out.write("%s /bricks/%s xfs %s\n" % (name, name, options))
    os.makedirs("/bricks/" + name, exist_ok=True)
    run("systemctl", "daemon-reload")
    run("systemctl", "start", "bricks-%s.mount" % name)


def brick(name):
    return json.loads(cli("-o", "json", "brick", "show", name))


def is_active(unit):
    return os.system("systemctl -q is-active " + unit) == 0


def has_booted():
    return os.popen("systemctl is-system-running 2>/dev/null").read().strip() in ("running", "degraded")


def is_mounted(name):
    return os.path.ismount("/bricks/" + name)


def scenario():
    verb, names = sys.argv[1], sys.argv[2:]
    if verb == "setup":
        install()
        run("systemctl", "enable", "--now", "glusterd.service")
        for number, name in enumerate(names, 1):
            add_brick(name, "/dev/vmlab/disk%d" % number)
        doctor = json.loads(cli("-o", "json", "node", "doctor"))["protections"]
        require(all(each["in_force"] for each in doctor), "not in force: %s" % doctor)
    elif verb == "fill":
        for name in names:
            run("sh", "-c", "dd if=/dev/urandom of=/bricks/%s/data bs=1M count=16 conv=fsync status=none && md5sum"
                " /bricks/%s/data > /var/tmp/%s.sum && sync" % (name, name, name))
            require(brick(name)["dirty_bytes"] > 8 << 20, "%s: nothing is dirty" % name)
    elif verb == "check":
        wait(180, "the machine has booted", has_booted)
        require(is_active("brickcached.service"), "the service does not run")
        require(is_active("glusterd.service"), "glusterd does not run")
        for name in names:
            require(is_mounted(name), "%s is not mounted" % name)
            run("md5sum", "-c", "--quiet", "/var/tmp/%s.sum" % name)
        say("mounted, with the data: %s" % ", ".join(names))
    elif verb == "missing":
        wait(180, "the machine has booted", has_booted)
        require(is_active("brickcached.service"), "the service does not run")
        require(is_active("glusterd.service"), "glusterd does not run")
        for name in names:
            require(not is_mounted(name), "%s is mounted though it cannot be served" % name)
            say("%s: %s; the mount unit: %s" % (name, brick(name)["state_reason"][:120],
                                                os.popen("systemctl is-active bricks-%s.mount" % name).read().strip()))


if __name__ == "__main__":
    main(scenario)
