"""Plugin of nbdkit: a file with the timing of one 5400 rpm disk, nbdkit python disk5400.py file=PATH [report=PATH].

One arm, one request at a time. A request that begins where the last one ended, or at most 128 KiB after it, takes the time
of passing over the gap and its own at 100 MB/s. Any other takes a seek (1.5 ms and more with the distance, 9.5 ms between
two random places), half a turn (5.5 ms), and its own time. Of the 32 that came first the nearest is served next, but none
waits for a second while others pass it. The file is the whole disk, whatever its size. There is no cache in it: an
answered write is on the medium. Time is simulated, data is real. `report` gets what the arm did, as JSON, at the end.
"""

import io
import json
import os
import threading
import time

import nbdkit

API_VERSION = 2
BYTES_PER_SECOND = 100e6
PASS_OVER = 128 << 10
HALF_TURN = 0.0055
LEAST_SEEK = 0.0015
SEEK_BY_ROOT_OF_DISTANCE = 0.015  # of two random places the mean is 8/15 of it
QUEUE = 32
LONGEST_PASSED_OVER = 1.0


class Request:
    def __init__(self, offset, length):
        self.offset, self.length = offset, length
        self.came = time.monotonic()
        self.done = None
        self.begun = threading.Event()


class Arm:
    """Serves requests in the order that suits it. Its clock runs on while it is busy, however late its threads wake."""

    def __init__(self, size):
        self._size = size
        self._lock = threading.Lock()
        self._waiting = []
        self._busy = False
        self._head = 0
        self._free_at = 0.0
        self.did = {"requests": 0, "bytes": 0, "positionings": 0, "busy_s": 0.0}

    def serve(self, offset, length):
        """Returns when the disk would have answered."""
        request = Request(offset, length)
        with self._lock:
            if self._busy:
                self._waiting.append(request)
            else:
                self._busy = True
                self._free_at = max(self._free_at, request.came)
                self._begin(request)
        request.begun.wait()
        time.sleep(max(0.0, request.done - time.monotonic()))
        with self._lock:
            if self._waiting:
                self._begin(self._next())
            else:
                self._busy = False

    def _next(self):
        at = 0
        if self._free_at - self._waiting[0].came < LONGEST_PASSED_OVER:
            at = min(range(min(QUEUE, len(self._waiting))), key=lambda i: self._positioning(self._waiting[i]))
        return self._waiting.pop(at)

    def _positioning(self, request):
        gap = request.offset - self._head
        if 0 <= gap <= PASS_OVER:
            return gap / BYTES_PER_SECOND
        return LEAST_SEEK + SEEK_BY_ROOT_OF_DISTANCE * (abs(gap) / self._size) ** 0.5 + HALF_TURN

    def _begin(self, request):
        takes = self._positioning(request) + request.length / BYTES_PER_SECOND
        self.did["requests"] += 1
        self.did["bytes"] += request.length
        self.did["positionings"] += not 0 <= request.offset - self._head <= PASS_OVER
        self.did["busy_s"] += takes
        self._free_at += takes
        self._head = request.offset + request.length
        request.done = self._free_at
        request.begun.set()


parameters = {}
disk = None
arm = None


def thread_model():
    return nbdkit.THREAD_MODEL_PARALLEL


def config(key, value):
    if key not in ("file", "report"):
        raise RuntimeError("unknown parameter " + key)
    parameters[key] = os.path.abspath(value)


def config_complete():
    if "file" not in parameters:
        raise RuntimeError("file=PATH is missing")


def get_ready():
    global disk, arm
    disk = os.open(parameters["file"], os.O_RDWR)
    arm = Arm(os.fstat(disk).st_size)


def cleanup():
    if "report" in parameters:
        with io.open(parameters["report"], "w") as out:
            json.dump(arm.did, out)


def open(readonly):  # noqa: A001, the name is nbdkit's
    return disk


def get_size(handle):
    return os.fstat(handle).st_size


def can_multi_conn(handle):
    return True


def can_flush(handle):
    return True


def flush(handle, flags):
    pass


def pread(handle, buffer, offset, flags):
    arm.serve(offset, len(buffer))
    if os.preadv(handle, [buffer], offset) != len(buffer):
        raise RuntimeError("the file became shorter")


def pwrite(handle, buffer, offset, flags):
    arm.serve(offset, len(buffer))
    if os.pwrite(handle, buffer, offset) != len(buffer):
        raise RuntimeError("a short write")
