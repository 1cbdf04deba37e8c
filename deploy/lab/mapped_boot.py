"""Boots and shutdowns of a machine whose bricks are in bricktab, run from here: with a dirty cache, without SSD, without disk."""

import re
import time

# Of different sizes: all disks of the lab say the same serial number, and two alike would be taken for one.
DISKS = ["--disk", "disk1:512M", "--disk", "disk2:384M"]
SSD = ["--ssd", "1G"]


class MappedBoot:
    """Boots and shutdowns: with a dirty cache, after a power cut, with the SSD missing, with a disk missing."""

    def __init__(self, lab, _folder, _seed):
        self.lab = lab

    def run(self, _cuts):
        lab = self.lab
        lab.start("--mem", "1024", *SSD, "--sata", "0", *DISKS, fresh=True)
        lab.python("installed.py", "setup", "b1", "b2")
        lab.python("installed.py", "fill", "b1", "b2")

        self.say("shut down with a dirty cache, and booted")
        began = time.monotonic()
        lab.stop()
        self.say("the shutdown took %.0f s" % (time.monotonic() - began))
        self.boot(*SSD, *DISKS)
        lab.python("installed.py", "check", "b1", "b2")
        journal = lab.ssh("journalctl -b -1 -o short-monotonic --no-pager")

        self.say("the power is cut while the cache is dirty")
        lab.python("installed.py", "fill", "b1", "b2")
        lab.kill()
        self.boot(*SSD, *DISKS)
        lab.python("installed.py", "check", "b1", "b2")

        self.say("the SSD is missing, with dirty data of both bricks")
        lab.python("installed.py", "fill", "b1", "b2")
        lab.stop()
        self.boot("--ssd", "0", *DISKS)
        lab.python("installed.py", "missing", "b1", "b2")
        lab.stop()

        self.say("a disk is missing")
        self.boot(*SSD, "--disk", "disk2:384M")
        lab.python("installed.py", "missing", "b1")
        lab.python("installed.py", "check", "b2")
        lab.stop()

        self.say("everything is there again")
        self.boot(*SSD, *DISKS)
        lab.python("installed.py", "check", "b1", "b2")
        self.check_order(journal)

    def boot(self, *disks):
        began = time.monotonic()
        self.lab.start("--mem", "1024", "--sata", "0", *disks)
        self.say("it answers after %.0f s" % (time.monotonic() - began))

    def check_order(self, journal):
        """glusterd, then the mounts, then the devices, then the service."""
        places = {}
        for what, pattern in {"glusterd": r"Stopped glusterd\.service", "mount": r"Unmounted bricks-b1\.mount",
                              "device": r"Stopped brickcache-map@b1\.service",
                              "service": r"Stopped brickcached\.service"}.items():
            found = [number for number, line in enumerate(journal.splitlines()) if re.search(pattern, line)]
            if not found:
                raise AssertionError("the journal of the shutdown does not say: %s" % pattern)
            places[what] = found[-1]
        if not places["glusterd"] < places["mount"] < places["device"] < places["service"]:
            raise AssertionError("the order of the shutdown was %s" % places)
        self.say("the shutdown went: glusterd, mounts, devices, service")

    @staticmethod
    def say(message):
        print("  [%s] %s" % (time.strftime("%H:%M:%S"), message), flush=True)

    def close(self):
        pass
