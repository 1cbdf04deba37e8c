"""Where the processor time of a service goes: perf, with the names of the compiled Java methods."""

import collections
import os
import re
import subprocess

from rig import run

# The first that a frame of the kernel's stack matches, from the inside out, names the sample.
KERNEL = (
    ("kernel: socket, receive", r"unix_stream_read|unix_stream_recv|sock_recvmsg|io_recv\b"),
    ("kernel: socket, send", r"unix_stream_send|sock_sendmsg|io_send\b"),
    ("kernel: file system and block layer",
     r"ext4_|xfs_|iomap_|blk_|blkdev|submit_bio|bio_|virtblk|virtio|virtqueue|nvme|scsi|filemap_|dio_|jbd2|fsync"),
    ("kernel: interrupts", r"irq|softirq"),
    ("kernel: futex, scheduling", r"futex|schedule|ttwu|try_to_wake|eventfd|epoll"),
    ("kernel: io_uring itself", r"io_"),
    ("kernel: entry, exit, other", r""),
)
# By the innermost frame: a compiled method carries what was inlined into it.
JAVA = (
    ("Java: Netty", r"io[./]netty|^io\.netty|netty"),
    ("Java: brickcache, protocol", r"brickcache[./]nbd"),
    ("Java: brickcache, device", r"brickcache[./]block"),
    ("Java: brickcache, engine", r"brickcache[./](cache|demotion|env|app)"),
    ("Java: CRC32C and copies", r"StubRoutines|CRC32C|crc32|[aA]rraycopy|Copy|Unsafe"),
    ("Java: other", r""),
)


def is_available():
    return subprocess.run(["perf", "record", "-o", "/dev/null", "true"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def profile(server, seconds, folder):
    """Shares of the samples of a server: by group, and the innermost functions."""
    pid = server.process.pid
    data = os.path.join(folder, "perf.data")
    run(["perf", "record", "-q", "-e", "cpu-clock", "-F", "999", "-g", "-p", str(pid), "-o", data, "--",
         "sleep", str(seconds)])
    if "java" in os.path.basename(os.readlink("/proc/%d/exe" % pid)):
        run(["jcmd", str(pid), "Compiler.perfmap"])
    text = subprocess.run(["perf", "script", "-i", data, "-F", "comm,ip,sym,dso"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, errors="replace", check=True).stdout
    groups, leaves = collections.Counter(), collections.Counter()
    for sample in text.split("\n\n"):
        lines = [line for line in sample.splitlines() if line.strip()]
        if len(lines) < 2:
            continue
        frames = [parse(line) for line in lines[1:]]
        groups[group(lines[0].strip(), frames)] += 1
        leaves[frames[0][0]] += 1
    for path in (data, "/tmp/perf-%d.map" % pid):
        if os.path.exists(path):
            os.remove(path)
    total = sum(groups.values()) or 1
    share = lambda counter, most: [[name, round(count / total, 3)] for name, count in counter.most_common(most)]
    return {"samples": total, "groups": share(groups, 20), "functions": share(leaves, 15)}


def parse(line):
    # What Netty and RocksDB bring along is a file that is deleted as soon as it is loaded.
    found = re.match(r"\s*[0-9a-f]+ (.*) \((.*)\)$", line.replace(" (deleted))", ")"))
    return (found.group(1), found.group(2)) if found else (line.strip(), "")


def group(thread, frames):
    name, library = frames[0]
    if library == "[kernel.kallsyms]" or "kernel" in library or library.endswith(".ko"):
        for symbol, inside in frames:
            if "kernel" not in inside:
                break
            for title, pattern in KERNEL[:-1]:
                if re.search(pattern, symbol):
                    return title
        return KERNEL[-1][0]
    if re.match(r"C[12] Compiler", thread):
        return "JIT compiler"
    if re.match(r"G1|GC Thread|VM Thread", thread):
        return "GC and VM threads"
    if re.match(r"rocksdb|meta", thread):
        return "RocksDB"
    if "perf-" in library or "JIT" in library or library == "[unknown]":
        return next(title for title, pattern in JAVA if re.search(pattern, name))
    if "netty" in library:
        return "Netty's native part"
    if "rocksdb" in library:
        return "RocksDB"
    # JNA unpacks its own under a new name for every process.
    return "libraries: " + re.sub(r"\d+\.tmp$", "", os.path.basename(library))
