"""Reads the log of a dm-log-writes device and replays it to any point, in the order in which it was logged.

The log (kernel, drivers/md/dm-log-writes.c): a superblock in the first sector {magic u64, version u64, entries u64, sector
size u32}, then for each entry a sector {target sector u64, sectors u64, flags u64, data length u64, data}, followed by the
data of writes. Numbers are little endian and count in the sector size. A mark carries its text after the header.
"""

import os
import struct

MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
_SUPER, _ENTRY = struct.Struct("<QQQI"), struct.Struct("<QQQQ")


class Entry:
    def __init__(self, sector, sectors, flags, data_offset, mark):
        self.sector, self.sectors, self.flags, self.data_offset, self.mark = sector, sectors, flags, data_offset, mark


class Log:
    """Entries of a log in their order, and the bytes that they write."""

    def __init__(self, path):
        self._file = os.open(path, os.O_RDONLY)
        magic, version, count, self.sector_bytes = _SUPER.unpack(os.pread(self._file, _SUPER.size, 0))
        if magic != MAGIC or version != 1:
            raise ValueError("%s holds no log of dm-log-writes: magic %x, version %d" % (path, magic, version))
        self.entries = list(self._read(count))

    def _read(self, count):
        place = self.sector_bytes
        for _ in range(count):
            header = os.pread(self._file, self.sector_bytes, place)
            sector, sectors, flags, length = _ENTRY.unpack(header[: _ENTRY.size])
            mark = header[_ENTRY.size : _ENTRY.size + length].rstrip(b"\0").decode() if flags & MARK else None
            place += self.sector_bytes
            yield Entry(sector, sectors, flags, place, mark)
            if not flags & (MARK | DISCARD):
                place += sectors * self.sector_bytes

    def apply(self, entry, target):
        """Does to the open file target what the entry did."""
        if entry.flags & MARK or not entry.sectors:
            return
        offset, length = entry.sector * self.sector_bytes, entry.sectors * self.sector_bytes
        data = bytes(length) if entry.flags & DISCARD else os.pread(self._file, length, entry.data_offset)
        os.pwrite(target, data, offset)
