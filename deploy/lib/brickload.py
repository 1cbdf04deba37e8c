"""Load on a brick that knows what every sector may hold: used by bench/soak and the scenarios of deploy/lab-test.

A small NBD client over a Unix socket, written apart from the server, and a model. A write carries a sequence number, and
what it puts into a sector is made from brick, sector and sequence: a sector that is old, torn, misplaced or another
brick's is told from a right one, and a right one says which write it is from. Sequence 0 is what the disk held before.

For each sector flushed <= acknowledged <= issued. While nothing is in flight and no write failed, a sector holds
`acknowledged`; a failed write leaves anything from `acknowledged` to `issued`; a crash anything from `flushed` to `issued`.
"""

import array
import hashlib
import os
import socket
import struct

SECTOR = 512
READ, WRITE, FLUSH, TRIM, ZERO = 0, 1, 3, 4, 6
FUA, NO_HOLE = 1, 2
EIO = 5
CHUNK_SECTORS = 2048
DEPTH = 8

_GREETING = 0x4E42444D41474943
_OPTION = 0x49484156454F5054
_OPTION_REPLY = 0x3E889045565A9
_REQUEST = struct.Struct(">IHHQQI")
_REPLY = struct.Struct(">IIQ")
_HEAD = struct.Struct(">QII")


class Mismatch(AssertionError):
    """A sector holds what it must not hold."""


class NbdClient:
    """Fixed newstyle, GO, simple replies, several requests in flight. A cut connection is a ConnectionError."""

    def __init__(self, path, export, timeout=120):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        self._waiting = {}
        self._cookie = 0
        try:
            self._socket.connect(path)
            self.size = self._negotiate(export.encode())
        except BaseException:
            self._socket.close()
            raise

    def _negotiate(self, name):
        greeting, option, flags = struct.unpack(">QQH", self._read(18))
        if (greeting, option) != (_GREETING, _OPTION):
            raise ConnectionError("not an NBD server of the new style")
        go = struct.pack(">I", len(name)) + name + struct.pack(">H", 0)
        self._socket.sendall(struct.pack(">IQII", flags & 3, _OPTION, 7, len(go)) + go)
        size = None
        while True:
            _, _, kind, length = struct.unpack(">QIII", self._read(20))
            body = self._read(length)
            if kind == 1:
                return size
            if kind != 3:
                raise ConnectionError("export %s refused: %r" % (name, body))
            if struct.unpack(">H", body[:2])[0] == 0:
                size = struct.unpack(">Q", body[2:10])[0]

    def send(self, command, offset, length, data=b"", flags=0):
        self._cookie += 1
        self._waiting[self._cookie] = (command, length)
        self._socket.sendall(_REQUEST.pack(0x25609513, flags, command, self._cookie, offset, length) + data)
        return self._cookie

    def receive(self):
        """The next answer, of whichever request: cookie, errno, data of a read."""
        magic, error, cookie = _REPLY.unpack(self._read(16))
        if magic != 0x67446698:
            raise ConnectionError("not a simple reply")
        command, length = self._waiting.pop(cookie)
        return cookie, error, self._read(length) if command == READ and error == 0 else b""

    def call(self, command, offset=0, length=0, data=b"", flags=0):
        """One request and its answer, nothing else in flight: errno, data of a read."""
        self.send(command, offset, length, data, flags)
        return self.receive()[1:]

    def close(self):
        self._socket.close()

    def _read(self, length):
        parts = bytearray()
        while len(parts) < length:
            part = self._socket.recv(min(length - len(parts), 1 << 20))
            if not part:
                raise ConnectionError("the server closed the connection")
            parts += part
        return bytes(parts)


class Model:
    """What every sector of one brick may hold."""

    def __init__(self, brick, size):
        self.brick, self.size = brick, size
        self.sectors = size // SECTOR
        zeroes = bytes(4 * self.sectors)
        self._issued, self._acknowledged, self._flushed = (array.array("I", zeroes) for _ in range(3))
        self._zeroed, self._trimmed = array.array("I", zeroes), array.array("I", zeroes)
        self._unflushed = set()
        self._salt = brick.encode()
        self._sequence = 0

    def fill(self, path):
        """Writes what the disk holds before anything is written."""
        with open(path, "r+b" if os.path.exists(path) else "wb") as out:
            for first in range(0, self.sectors, CHUNK_SECTORS):
                out.write(self.content(first, min(CHUNK_SECTORS, self.sectors - first), 0))
            out.flush()
            os.fsync(out.fileno())

    def content(self, first, count, sequence):
        return b"".join(self._sector(sector, sequence) for sector in range(first, first + count))

    def _sector(self, sector, sequence):
        head = _HEAD.pack(sector, sequence, ~sequence & 0xFFFFFFFF)
        return head + (hashlib.blake2b(head, key=self._salt).digest() * 8)[: SECTOR - _HEAD.size]

    def issue(self, command, first, count):
        """A new WRITE, ZERO or TRIM; returns its sequence number. It overlaps nothing in flight."""
        self._sequence += 1
        span = array.array("I", [self._sequence]) * count
        if command == TRIM:
            self._trimmed[first : first + count] = span
        else:
            self._issued[first : first + count] = span
            if command == ZERO:
                self._zeroed[first : first + count] = span
        return self._sequence

    def acknowledge(self, command, first, count, sequence, durable):
        if command == TRIM:
            return
        span = array.array("I", [sequence]) * count
        self._acknowledged[first : first + count] = span
        if durable:
            self._flushed[first : first + count] = span
        else:
            self._unflushed.update(range(first, first + count))

    def flushed(self):
        """A FLUSH was answered with success that was sent with nothing else in flight."""
        for sector in self._unflushed:
            self._flushed[sector] = self._acknowledged[sector]
        self._unflushed.clear()

    def check(self, first, data, crashed=False):
        """Raises Mismatch unless every sector holds what it may; takes over what is found."""
        oldest = self._flushed if crashed else self._acknowledged
        for index in range(len(data) // SECTOR):
            sector, found = first + index, data[index * SECTOR : (index + 1) * SECTOR]
            if not any(found):
                self._check_zeroes(sector, oldest[sector], crashed)
                continue
            sequence = _HEAD.unpack(found[: _HEAD.size])[1]
            if not oldest[sector] <= sequence <= self._issued[sector] or found != self._sector(sector, sequence):
                raise Mismatch(self._describe(sector, found))
            self._take_over(sector, sequence, crashed)

    def _check_zeroes(self, sector, oldest, crashed):
        zeroed = self._zeroed[sector]
        if zeroed and zeroed >= oldest:
            self._take_over(sector, zeroed, crashed)
        elif not self._trimmed[sector] or self._trimmed[sector] < oldest:
            raise Mismatch(self._describe(sector, bytes(SECTOR)))

    def _take_over(self, sector, sequence, crashed):
        # What was read with nothing in flight is the content from now on, also after a write that failed.
        self._issued[sector] = sequence
        if self._acknowledged[sector] != sequence or crashed:
            self._acknowledged[sector] = sequence
            self._unflushed.add(sector)

    def flushed_until_now(self):
        """For forget_flushes_since; any thread may ask."""
        return self._flushed[:]

    def forget_flushes_since(self, then):
        """The disks forgot all that they were given since then."""
        self._flushed = then

    def snapshot(self):
        """What is known now, for between()."""
        copy = Model(self.brick, self.size)
        copy.__dict__.update({key: value[:] if isinstance(value, array.array) else value
                              for key, value in self.__dict__.items() if key != "_unflushed"})
        return copy

    @staticmethod
    def between(before, after):
        """What may be found, as after a crash, at a moment between two snapshots with nothing in flight at either."""
        model = after.snapshot()
        model._flushed = before._flushed[:]
        return model

    def _describe(self, sector, found):
        what = "zeroes"
        if any(found):
            place, sequence, _ = _HEAD.unpack(found[: _HEAD.size])
            whole = "what belongs to" if found == self._sector(place, sequence) else "a damaged"
            what = "%s sector %d, sequence %d" % (whole, place, sequence)
        return "brick %s: sector %d holds %s; flushed %d, acknowledged %d, issued %d, zeroed %d, trimmed %d" % (
            self.brick, sector, what, self._flushed[sector], self._acknowledged[sector], self._issued[sector],
            self._zeroed[sector], self._trimmed[sector])


class Load:
    """Random requests of many sizes and alignments in batches, every answer held against the model."""

    def __init__(self, model, random, span=None):
        """span: first and last sector (exclusive) that the load touches; the whole brick without it."""
        self.model, self._random = model, random
        self._first, self._end = span or (0, model.sectors)
        self.requests = self.written = 0
        self.errors = []  # (command, first sector, count, errno) of requests that failed

    def batch(self, client, depth=DEPTH, trims=True):
        """Up to depth requests at once, none overlapping another. Returns how many went out."""
        busy, waiting = [], {}
        for _ in range(1 + self._random.randrange(depth)):
            first, count = self._place()
            if any(first < end and start < first + count for start, end in busy):
                continue
            busy.append((first, first + count))
            command, flags = self._kind(trims)
            sequence, data = 0, b""
            if command != READ:
                sequence = self.model.issue(command, first, count)
                data = self.model.content(first, count, sequence) if command == WRITE else b""
            cookie = client.send(command, first * SECTOR, count * SECTOR, data, flags)
            waiting[cookie] = (command, first, count, sequence, flags)
        self.requests += len(waiting)
        sent = len(waiting)
        while waiting:
            cookie, error, data = client.receive()
            command, first, count, sequence, flags = waiting.pop(cookie)
            if error:
                self.errors.append((command, first, count, error))
            elif command == READ:
                self.model.check(first, data)
            else:
                self.written += count * SECTOR
                self.model.acknowledge(command, first, count, sequence, bool(flags & FUA) and command != TRIM)
        return sent

    def flush(self, client):
        """Returns the errno of a FLUSH with nothing else in flight."""
        self.requests += 1
        error, _ = client.call(FLUSH)
        if error:
            self.errors.append((FLUSH, 0, 0, error))
        else:
            self.model.flushed()
        return error

    def read_all(self, client, crashed=False):
        """Reads the span and checks it; returns the (first sector, count) that answered with an error."""
        failed = []
        for first in range(self._first, self._end, CHUNK_SECTORS):
            count = min(CHUNK_SECTORS, self._end - first)
            error, data = client.call(READ, first * SECTOR, count * SECTOR)
            if not error:
                self.model.check(first, data, crashed)
                continue
            for single in range(first, first + count, 8):  # once more, a block at a time: EIO only where it must be
                length = min(8, first + count - single)
                error, data = client.call(READ, single * SECTOR, length * SECTOR)
                if error:
                    failed.append((single, length))
                else:
                    self.model.check(single, data, crashed)
        return failed

    def check_device(self, path):
        """Holds the bare device, detached, against what was acknowledged."""
        with open(path, "rb") as device:
            device.seek(self._first * SECTOR)
            for first in range(self._first, self._end, CHUNK_SECTORS):
                self.model.check(first, device.read(min(CHUNK_SECTORS, self._end - first) * SECTOR))

    def _place(self):
        kind = self._random.randrange(10)
        if kind < 7:
            count = 8
        elif kind == 7:
            count = 1 + self._random.randrange(24)
        else:
            count = 8 * (1 + self._random.randrange(16))
        count = min(count, self._end - self._first)
        # Half of the load stays in a tenth of the brick, so that there is something worth keeping.
        room = self._end - self._first - count + 1
        first = self._first + self._random.randrange(max(1, room // 10) if self._random.random() < 0.5 else room)
        if self._random.randrange(10):
            first -= (first - self._first) % 8
        return first, count

    def _kind(self, trims):
        kind = self._random.randrange(100)
        if kind < 35:
            return READ, 0
        if kind < 40:
            return ZERO, self._random.choice((0, NO_HOLE))
        if kind < 43 and trims:
            return TRIM, 0
        return WRITE, FUA if kind > 96 else 0
