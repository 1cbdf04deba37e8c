"""A replicated GlusterFS volume on two machines whose bricks are XFS on mapped bricks, run from here."""

import time

DISKS = ["--mem", "1152", "--ssd", "768M", "--sata", "0", "--disk", "disk1:768M"]
FIO = ("cd /mnt/gv && fio --name=v --filename=fio.%s --size=24m --rw=randwrite --bs=16k --ioengine=psync --fsync=32 --end_fsync=1"
       " --verify=crc32c --verify_backlog=64 --do_verify=1 --verify_fatal=1 --rate_iops=60 --output=/tmp/fio.%s")


class MappedGluster:
    """GlusterFS on mapped bricks: fio, the service killed, a node killed and healed, a brick bare afterwards."""

    def __init__(self, lab, _folder, _seed):
        self.first, self.second = lab, lab.beside("n2")

    def run(self, _cuts):
        nodes = (self.first, self.second)
        for lab in nodes:
            lab.start(*DISKS, fresh=True)
            lab.python("installed.py", "setup", "b1")
            lab.ssh("systemctl start glusterd")
        one = self.first
        self.wait("the peer is connected", lambda: "Connected" in one.ssh(
            "gluster --mode=script peer probe n2 >/dev/null 2>&1; gluster peer status"))
        one.ssh("gluster --mode=script volume create gv0 replica 2 n1:/bricks/b1/gv n2:/bricks/b1/gv"
                " && gluster --mode=script volume set gv0 network.ping-timeout 10"
                " && gluster --mode=script volume set gv0 cluster.self-heal-daemon on"
                " && gluster --mode=script volume start gv0")
        self.wait("both bricks are online", lambda: self.online() == 2)
        one.ssh("mkdir -p /mnt/gv && mount -t glusterfs n1:/gv0 /mnt/gv && df /mnt/gv")
        one.ssh("cd /mnt/gv && for i in $(seq 10); do dd if=/dev/urandom of=f$i bs=128k count=16 status=none || exit 1; done;"
                " md5sum f* > /var/tmp/sums")
        self.say("a volume of two bricks, written to")

        one.ssh("(%s; echo $? > /tmp/fio.ended) > /dev/null 2>&1 &" % (FIO % ("a", "a")))
        for _ in range(2):
            time.sleep(10)
            one.ssh("systemctl kill -s KILL brickcached.service")
        self.wait("fio ends", lambda: "ended" in one.ssh("ls /tmp"), 900)
        if one.ssh("cat /tmp/fio.ended").strip() != "0":
            raise AssertionError("fio on the volume saw errors: " + one.ssh("tail -n 20 /tmp/fio.a"))
        self.say("fio with verification on the volume, the service of a node killed twice meanwhile: no error")
        if self.online() != 2:
            raise AssertionError("a brick went offline: " + one.ssh("gluster volume status gv0"))

        self.second.kill()
        one.ssh("cd /mnt/gv && for i in $(seq 11 16); do dd if=/dev/urandom of=f$i bs=128k count=16 status=none || exit 1; done;"
                " echo changed >> f1; sync; md5sum f* > /var/tmp/sums", timeout=900)
        self.say("a node is off, the volume was written to on")
        self.second.start(*DISKS)
        self.wait("both bricks are online", lambda: self.online() == 2, 300)
        one.ssh("gluster volume heal gv0 || true")
        self.wait("everything is healed", lambda: self.unhealed() == 0, 600)
        self.compare()
        self.say("booted again: mounted, online and healed by itself; the replicas are equal")

        # A node is taken out of the cache: its brick bare, byte for byte what it was.
        one.ssh("umount /mnt/gv && gluster --mode=script volume stop gv0 && systemctl stop glusterd && pkill -x glusterfsd;"
                " sync; umount /bricks/b1")
        mapped = one.ssh("md5sum < /dev/brickcache/b1")
        one.ssh("brickcache unmap b1 && brickcache brick detach b1 --flush")
        if one.ssh("md5sum < /dev/vmlab/disk1") != mapped:
            raise AssertionError("the bare disk is not what the mapped device was")
        one.ssh("mount /dev/vmlab/disk1 /bricks/b1")
        self.compare()
        one.ssh("getfattr -n trusted.glusterfs.volume-id -e hex /bricks/b1/gv")
        one.ssh("systemctl start glusterd && gluster --mode=script volume start gv0")
        self.wait("both bricks are online", lambda: self.online() == 2, 300)
        one.ssh("mount -t glusterfs n1:/gv0 /mnt/gv && cd /mnt/gv && md5sum -c --quiet /var/tmp/sums", timeout=900)
        self.say("taken out of the cache on one node: byte for byte the same, and the volume runs with it bare")

    def online(self):
        return int(self.first.ssh("gluster volume status gv0 detail 2>/dev/null | grep -c 'Online *: Y' || true").split()[-1])

    def unhealed(self):
        said = self.first.ssh("gluster volume heal gv0 info")
        counts = [line.split(":")[1].strip() for line in said.splitlines() if line.startswith("Number of entries")]
        return sum(int(count) if count.isdigit() else 1 for count in counts) if len(counts) == 2 else 1

    def compare(self):
        sums = [lab.ssh("cd /bricks/b1/gv && md5sum f* | sort -k 2") for lab in (self.first, self.second)]
        if sums[0] != sums[1] or not sums[0]:
            raise AssertionError("the replicas differ:\n%s\n%s" % tuple(sums))

    @staticmethod
    def wait(what, condition, seconds=180):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError("not within %d s: %s" % (seconds, what))
            time.sleep(2)

    @staticmethod
    def say(message):
        print("  [%s] %s" % (time.strftime("%H:%M:%S"), message), flush=True)

    def close(self):
        self.second.remove()
