#!/usr/bin/env python3
"""A disk with a volatile write cache, served over NBD: volatile_disk.py FILE SOCKET SEED

What was not flushed (or FUA) is only in memory. SIGUSR1 is a power cut: of each sector that was written since the last
flush any version, or the one before, reaches the file, drawn from the seed; then the process ends. So a disk that its owner
forgot to flush loses sectors here, in any order, as a real one may.
"""

import os
import random
import signal
import socket
import struct
import sys

SECTOR = 512
GREETING, OPTION, OPTION_REPLY = 0x4E42444D41474943, 0x49484156454F5054, 0x3E889045565A9
# HAS_FLAGS, SEND_FLUSH, SEND_FUA, SEND_WRITE_ZEROES
FLAGS = 1 | 4 | 8 | 64


class Disk:
    def __init__(self, path, seed):
        self._file = os.open(path, os.O_RDWR)
        self.size = os.fstat(self._file).st_size
        self._versions = {}  # sector: its contents since the last flush, oldest first
        self._random = random.Random(seed)

    def read(self, offset, length):
        data = bytearray(os.pread(self._file, length, offset))
        if self._versions:
            first = offset // SECTOR
            for index in range(length // SECTOR):
                versions = self._versions.get(first + index)
                if versions:
                    data[index * SECTOR : (index + 1) * SECTOR] = versions[-1]
        return bytes(data)

    def write(self, offset, data, durable):
        first = offset // SECTOR
        for index in range(len(data) // SECTOR):
            sector = data[index * SECTOR : (index + 1) * SECTOR]
            if durable:
                self._versions.pop(first + index, None)
            else:
                self._versions.setdefault(first + index, []).append(sector)
        if durable:
            os.pwrite(self._file, data, offset)

    def flush(self):
        for sector, versions in self._versions.items():
            os.pwrite(self._file, versions[-1], sector * SECTOR)
        self._versions.clear()

    def cut(self):
        """The power is gone."""
        kept = 0
        for sector, versions in self._versions.items():
            choice = self._random.randrange(len(versions) + 1)
            if choice:
                os.pwrite(self._file, versions[choice - 1], sector * SECTOR)
                kept += choice == len(versions)
        print("power cut: of %d sectors not flushed %d have their last content" % (len(self._versions), kept), flush=True)
        os._exit(0)


def read_exactly(connection, length):
    data = bytearray()
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise EOFError
        data += part
    return bytes(data)


def negotiate(connection, disk):
    connection.sendall(struct.pack(">QQH", GREETING, OPTION, 3))
    no_zeroes = struct.unpack(">I", read_exactly(connection, 4))[0] & 2
    while True:
        _, option, length = struct.unpack(">QII", read_exactly(connection, 16))
        read_exactly(connection, length)

        def reply(kind, body=b"", option=option):
            connection.sendall(struct.pack(">QIII", OPTION_REPLY, option, kind, len(body)) + body)

        if option == 1:  # EXPORT_NAME
            connection.sendall(struct.pack(">QH", disk.size, FLAGS) + (b"" if no_zeroes else bytes(124)))
            return
        if option in (6, 7):  # INFO, GO
            reply(3, struct.pack(">HQH", 0, disk.size, FLAGS))
            reply(3, struct.pack(">HIII", 3, SECTOR, 4096, 1 << 25))
            reply(1)
            if option == 7:
                return
        elif option == 2:  # ABORT
            reply(1)
            raise EOFError
        else:
            reply(0x80000001)  # unsupported


def serve(connection, disk):
    negotiate(connection, disk)
    while True:
        _, flags, command, cookie, offset, length = struct.unpack(">IHHQQI", read_exactly(connection, 28))
        payload, durable = b"", bool(flags & 1)
        if command == 0:
            payload = disk.read(offset, length)
        elif command == 1:
            disk.write(offset, read_exactly(connection, length), durable)
        elif command == 2:
            return
        elif command == 3:
            disk.flush()
        elif command == 6:
            disk.write(offset, bytes(length), durable)
        connection.sendall(struct.pack(">IIQ", 0x67446698, 0 if command in (0, 1, 3, 6) else 22, cookie) + payload)


def main(path, address, seed):
    disk = Disk(path, int(seed))
    signal.signal(signal.SIGUSR1, lambda *_: disk.cut())
    if os.path.exists(address):
        os.unlink(address)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(1)
    while True:
        connection, _ = listener.accept()
        try:
            serve(connection, disk)
        except (EOFError, ConnectionError):
            pass
        connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
