package io.brickcache.nbd.wire;

import java.nio.ByteBuffer;

/** One request of the transmission phase, decoded. Made once per connection and reused. */
public final class RequestHeader {

    private int magic;
    private int flags;
    private int type;
    private long cookie;
    private long offset;
    private long length;

    /** Takes the {@link TransmissionCodes#REQUEST_BYTES} bytes from the buffer's position on. */
    public void decode(ByteBuffer from) {
        magic = from.getInt();
        flags = Short.toUnsignedInt(from.getShort());
        type = Short.toUnsignedInt(from.getShort());
        cookie = from.getLong();
        offset = from.getLong();
        length = Integer.toUnsignedLong(from.getInt());
    }

    public boolean hasMagic() {
        return magic == TransmissionCodes.REQUEST_MAGIC;
    }

    public int magic() {
        return magic;
    }

    public int flags() {
        return flags;
    }

    public boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /** The command, 0 to 65535. */
    public int type() {
        return type;
    }

    /** What the client wants back in the answer; any 64 bits. */
    public long cookie() {
        return cookie;
    }

    /** First byte; negative if it is beyond 2^63, so beyond any device. */
    public long offset() {
        return offset;
    }

    /** Bytes, 0 to 2^32-1. */
    public long length() {
        return length;
    }
}
