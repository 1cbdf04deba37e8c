# Every command does what it says. nbdsh gives h, not yet connected.
import os
import random

h.connect_uri(os.environ["NBD_URI"])
size = h.get_size()
assert size == (64 << 20) + 512, size
seed = random.randrange(1 << 32)
print("seed", seed)
rng = random.Random(seed)


def content(length):
    return rng.randbytes(length)


# Writes of every alignment read back, next to what must not have changed.
model = bytearray(4 << 20)
for _ in range(300):
    offset = rng.randrange(0, len(model) - 65536, 512)
    data = content(512 * rng.randrange(1, 128))
    h.pwrite(data, offset, rng.choice([0, nbd.CMD_FLAG_FUA]))
    model[offset : offset + len(data)] = data
assert h.pread(len(model), 0) == model

# The last, short block of a size that is no multiple of the block.
tail = content(512)
h.pwrite(tail, size - 512)
assert h.pread(512, size - 512) == tail
assert h.pread(4096 + 512, size - 4096 - 512)[-512:] == tail

# Zeroes, with every flag that may come with them.
for flags in (0, nbd.CMD_FLAG_NO_HOLE, nbd.CMD_FLAG_FUA, nbd.CMD_FLAG_NO_HOLE | nbd.CMD_FLAG_FUA):
    offset = rng.randrange(0, len(model) - 65536, 512)
    length = 512 * rng.randrange(1, 128)
    h.zero(length, offset, flags)
    model[offset : offset + length] = bytes(length)
assert h.can_fast_zero()
offset = 1 << 20
try:
    h.zero(1 << 20, offset, nbd.CMD_FLAG_FAST_ZERO)
    model[offset : offset + (1 << 20)] = bytes(1 << 20)
except nbd.Error as refused:
    assert refused.errno == "ENOTSUP", refused
assert h.pread(len(model), 0) == model

# What is trimmed may read as anything, its neighbours may not.
offset = 2 << 20
h.trim(65536 + 512, offset + 512)
h.trim(4096, offset + (1 << 19), nbd.CMD_FLAG_FUA)
assert h.pread(512, offset) == model[offset : offset + 512]
end = offset + 65536 + 1024
assert h.pread(4096, end) == model[end : end + 4096]

# A read in one chunk, and one in as many as the server likes.
for flags in (0, nbd.CMD_FLAG_DF):
    chunks = []
    h.pread_structured(65536, 0, lambda data, at, kind, error: chunks.append((at, bytes(data), kind)), flags)
    got = bytearray(65536)
    for at, data, kind in chunks:
        if kind == nbd.READ_DATA:
            got[at : at + len(data)] = data
    assert got == model[:65536]
    if flags == nbd.CMD_FLAG_DF:
        assert len(chunks) == 1, len(chunks)

# The largest request there may be.
large = content(1 << 20) * 32
h.pwrite(large, 8 << 20)
assert h.pread(len(large), 8 << 20) == large

# CACHE changes nothing that can be read.
h.cache(1 << 20, 40 << 20)
h.cache(1 << 20, 0)
assert h.pread(1 << 20, 0) == model[: 1 << 20]

# A flush on one connection is for the writes of another: that is what multi-conn says.
assert h.can_multi_conn()
other = nbd.NBD()
other.connect_uri(os.environ["NBD_URI"])
data = content(65536)
h.pwrite(data, 48 << 20)
other.flush()
assert other.pread(65536, 48 << 20) == data
other.shutdown()

h.flush()
h.shutdown()
