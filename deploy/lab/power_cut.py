"""On the host: the guest's power is cut under load, with disks that have volatile write caches; what was flushed is there.

The load runs on the host, over a forwarded socket, so that it outlives the guest. VolatileCut: the SSD and both disks lose
any subset of the sectors that were not flushed (volatile_disk.py). DroppingCut: from one moment on SSD and disks answer
writes and forget them (dm-flakey drop_writes), then the power goes; what was flushed until that moment is there.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time

import brickload

MIB = 1 << 20
SIZE = 24 * MIB
BRICKS = {"left": "disk1", "right": "disk2"}
SSD_BYTES = 256 * MIB


class Cut:
    """One guest whose power is cut again and again."""

    def __init__(self, lab, folder, seed):
        self.lab, self.folder, self.random = lab, folder, random.Random(seed)
        self.loads = {}
        self.ended = threading.Event()  # what is answered from here on is worth nothing

    def prepare(self):
        for name, disk in BRICKS.items():
            self.loads[name] = brickload.Load(brickload.Model(name, SIZE), random.Random(self.random.random()))
            self.loads[name].model.fill(self.disk_file(disk))

    def disk_file(self, disk):
        return os.path.join(self.folder, disk + ".img")

    def boot(self, fresh):
        raise NotImplementedError

    def cut(self):
        raise NotImplementedError

    def run(self, cuts):
        self.prepare()
        self.boot(fresh=True)
        for number in range(cuts):
            self._load_until_cut(self.lab.forward("/var/tmp/node/nbd.sock"), self.random.uniform(1, 6))
            self.boot(fresh=False)
            self._check(self.lab.forward("/var/tmp/node/nbd.sock"), number + 1)
            print("  cut %d survived; %s" % (number + 1, ", ".join(
                "%s: %d requests, %d KiB written" % (name, load.requests, load.written >> 10)
                for name, load in self.loads.items())), flush=True)
        for name in BRICKS:
            self.lab.ssh("BRICKCACHE_ENDPOINT=unix:/var/tmp/node/admin.sock /opt/brickcache/client/bin/brickcache"
                         " brick detach %s --flush" % name)
        self.lab.ssh("sync")
        self.finish()
        for name, load in self.loads.items():
            load.check_device(self.disk_file(BRICKS[name]))

    def _check(self, socket, number):
        for name, load in self.loads.items():
            client = brickload.NbdClient(socket, name)
            failed = load.read_all(client, crashed=True)
            if failed:
                raise AssertionError("after cut %d brick %s answers with errors at %s" % (number, name, failed[:3]))
            if load.flush(client):
                raise AssertionError("after cut %d FLUSH of %s failed" % (number, name))
            client.close()

    def finish(self):
        """Puts on the disks' files what the guest wrote."""

    def _load_until_cut(self, socket, seconds):
        problems = []
        self.ended.clear()
        threads = [threading.Thread(target=self._load, args=(socket, load, problems)) for load in self.loads.values()]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self.cut()
        for thread in threads:
            thread.join(60)
        if problems:
            raise problems[0]

    def _load(self, socket, load, problems):
        try:
            client = brickload.NbdClient(socket, load.model.brick)
            while True:
                load.batch(client, trims=False)
                if load.requests % 20 == 0:
                    load.flush(client)
                if load.errors:
                    raise AssertionError("%s answered with errors: %s" % (load.model.brick, load.errors[:3]))
        except Exception as error:  # a cut connection too, unless the power is gone
            if not self.ended.is_set():
                problems.append(error)
            load.errors.clear()


class VolatileCut(Cut):
    """The power is cut under load: SSD and disks lose any of the sectors that were not flushed."""

    def __init__(self, lab, folder, seed):
        super().__init__(lab, folder, seed)
        self._disks = {}

    def boot(self, fresh):
        options = ["--ssd", "0", "--sata", "0"]
        for disk in ("ssd", *BRICKS.values()):
            path = self.disk_file(disk)
            if disk == "ssd" and fresh:
                with open(path, "wb") as out:
                    out.truncate(SSD_BYTES)
            socket = os.path.join(self.folder, disk + ".sock")
            self._disks[disk] = subprocess.Popen(
                [sys.executable, os.path.join(os.path.dirname(os.path.realpath(__file__)), "volatile_disk.py"), path,
                 socket, str(self.random.randrange(1 << 31))], stdin=subprocess.DEVNULL)
            while not os.path.exists(socket):
                time.sleep(0.05)
            options += ["--nbd", "%s:%s" % (disk, socket)]
        self.lab.start(*options, fresh=fresh)
        self.lab.python("cut_node.py", "fresh" if fresh else "again")

    def cut(self):
        self.ended.set()
        # The disks first, all at one moment: the lab's storage daemon flushes them when it is ended.
        for number in (signal.SIGSTOP, signal.SIGUSR1, signal.SIGCONT):
            for process in self._disks.values():
                process.send_signal(number)
        for disk, process in self._disks.items():
            process.wait(60)
            os.unlink(os.path.join(self.folder, disk + ".sock"))
        self.lab.kill()

    def finish(self):
        self.lab.stop()
        for disk, process in self._disks.items():
            process.terminate()
            process.wait(60)
            os.unlink(os.path.join(self.folder, disk + ".sock"))

    def close(self):
        for process in self._disks.values():
            if process.poll() is None:
                process.kill()
                process.wait()


class DroppingCut(Cut):
    """SSD and disks forget what they are given from one moment on (dm-flakey), then the power is cut."""

    def prepare(self):
        super().prepare()
        self.lab.remove()
        for disk in BRICKS.values():
            os.makedirs(self.lab.folder, exist_ok=True)
            os.rename(self.disk_file(disk), os.path.join(self.lab.folder, disk + ".img"))

    def disk_file(self, disk):
        kept = os.path.join(self.lab.folder, disk + ".img")
        return kept if os.path.exists(kept) else super().disk_file(disk)

    def boot(self, fresh):
        self.lab.start("--ssd", str(SSD_BYTES), "--sata", "0", "--disk", "disk1:%d" % SIZE, "--disk", "disk2:%d" % SIZE)
        self.lab.python("cut_node.py", "fresh" if fresh else "again")

    def cut(self):
        before = {name: load.model.flushed_until_now() for name, load in self.loads.items()}
        self.ended.set()  # a disk that forgets gives old content
        self.lab.python("cut_node.py", "drop")
        time.sleep(self.random.uniform(0.1, 1))
        self.lab.kill()
        for name, load in self.loads.items():
            load.model.forget_flushes_since(before[name])

    def close(self):
        pass
