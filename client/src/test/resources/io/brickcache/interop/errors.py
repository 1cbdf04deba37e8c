# The published errors; after each the connection goes on.
import os

h.set_strict_mode(0)  # libnbd would refuse these requests itself
h.connect_uri(os.environ["NBD_URI"])
size = h.get_size()
h.pwrite(b"stays" * 1024, 0)


def refused(errno, call, *arguments):
    asked = [len(a) if isinstance(a, bytes) else a for a in arguments]
    try:
        call(*arguments)
    except nbd.Error as error:
        assert error.errno == errno, "%s%r: %s instead of %s" % (call.__name__, tuple(asked), error.errno, errno)
    else:
        raise AssertionError("%s%r was not refused" % (call.__name__, tuple(asked)))
    assert h.pread(5120, 0) == b"stays" * 1024


# Past the end.
refused("EINVAL", h.pread, 1024, size - 512)
refused("EINVAL", h.pread, 512, size)
refused("EINVAL", h.pread, 512, (1 << 63) - 512)
refused("ENOSPC", h.pwrite, bytes(1024), size - 512)
refused("ENOSPC", h.pwrite, bytes(512), (1 << 63) - 512)
refused("ENOSPC", h.zero, 1024, size - 512)
refused("EINVAL", h.trim, 1024, size - 512)
refused("EINVAL", h.cache, 1024, size - 512)

# Not in whole sectors.
refused("EINVAL", h.pread, 100, 0)
refused("EINVAL", h.pread, 512, 100)
refused("EINVAL", h.pwrite, bytes(100), 4096 * 4)
refused("EINVAL", h.pwrite, bytes(512), 4096 * 4 + 1)
refused("EINVAL", h.zero, 100, 4096 * 4)
refused("EINVAL", h.trim, 100, 4096 * 4)

# Larger than the largest.
refused("EINVAL", h.pread, (32 << 20) + 512, 0)

# Flags that do not belong to the command, or to none.
refused("EINVAL", h.pread, 512, 0, nbd.CMD_FLAG_NO_HOLE)
refused("EINVAL", h.pwrite, bytes(512), 4096 * 4, nbd.CMD_FLAG_FAST_ZERO)
refused("EINVAL", h.trim, 512, 4096 * 4, 1 << 14)

# BLOCK_STATUS without a negotiated context.
refused("EINVAL", h.block_status, 512, 0, lambda *_: 0)

h.shutdown()
