# Metadata contexts: what is allocated, and what is on the SSD.
import os

uri = os.environ["NBD_URI"]

h.add_meta_context("base:allocation")
h.add_meta_context("brickcache:residency")
h.connect_uri(uri)
assert h.can_meta_context("base:allocation")
assert h.can_meta_context("brickcache:residency")
assert not h.can_meta_context("brickcache:nothing")


def status(offset, length, flags=0):
    """The extents of each context, as (length, flags), cut to the length asked for."""
    found = {}

    def extents(context, at, entries, error):
        assert at == offset, at
        pairs = list(zip(entries[0::2], entries[1::2]))
        assert all(n > 0 for n, _ in pairs), pairs
        found[context] = pairs

    h.block_status(length, offset, extents, flags)
    return found


def whole(context, offset, length):
    """All extents of a range, asked for as often as it takes, neighbours of a kind put together."""
    merged = []
    while length > 0:
        for n, flags in status(offset, length)[context]:
            n = min(n, length)
            if merged and merged[-1][1] == flags:
                merged[-1] = (merged[-1][0] + n, flags)
            else:
                merged.append((n, flags))
            offset += n
            length -= n
    return merged


assert set(status(0, 1 << 20)) == {"base:allocation", "brickcache:residency"}

# Nothing is there yet.
empty = whole("brickcache:residency", 0, 8 << 20)
assert len(empty) == 1, empty
not_cached = empty[0][1]
holes = whole("base:allocation", 0, 8 << 20)
assert holes == [(8 << 20, nbd.STATE_HOLE | nbd.STATE_ZERO)], holes

# What was written is dirty on the SSD and allocated, although the disk still has a hole there.
h.pwrite(b"brick" * 13107 + b"!", 1 << 20)
dirty = whole("brickcache:residency", 0, 8 << 20)
assert [n for n, _ in dirty] == [1 << 20, 65536, (7 << 20) - 65536], dirty
assert dirty[0][1] == not_cached and dirty[1][1] != not_cached, dirty
allocated = whole("base:allocation", 0, 8 << 20)
assert allocated[1] == (65536, 0), allocated

# One extent when one is asked for.
one = status(0, 8 << 20, nbd.CMD_FLAG_REQ_ONE)
assert all(len(pairs) == 1 for pairs in one.values()), one
assert one["brickcache:residency"][0][0] <= 8 << 20, one
h.shutdown()

# The names are listed, all of them and one group.
lister = nbd.NBD()
lister.set_opt_mode(True)
lister.connect_uri(uri)
names = []
lister.opt_list_meta_context(names.append)
assert sorted(names) == ["base:allocation", "brickcache:residency"], names
lister.add_meta_context("brickcache:")
names = []
lister.opt_list_meta_context(names.append)
assert names == ["brickcache:residency"], names
lister.opt_abort()
