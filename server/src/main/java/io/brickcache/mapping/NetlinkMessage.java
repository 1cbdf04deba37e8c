package io.brickcache.mapping;

import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A generic netlink request, in the byte order of the machine:
 *
 * <pre>
 *  0  u32 length of all
 *  4  u16 type: the family          6  u16 flags
 *  8  u32 sequence                 12  u32 port (0: the kernel fills it in)
 * 16  u8  command                  17  u8  version        18  u16 zero
 * 20  attributes, each at a multiple of four: u16 length with this header, u16 type, payload
 * </pre>
 */
final class NetlinkMessage {

    static final int HEADER_BYTES = 16;
    static final int GENERIC_HEADER_BYTES = 4;
    static final int ATTRIBUTE_HEADER_BYTES = 4;
    /** More than any request needs: sixteen sockets take 200. */
    static final int MAX_BYTES = 4096;

    static final int FLAG_REQUEST = 1;
    static final int FLAG_ACK = 4;
    /** In the type of an attribute that holds attributes. */
    static final int NESTED = 0x8000;

    private final ByteBuffer bytes = ByteBuffer.allocate(MAX_BYTES).order(ByteOrder.nativeOrder());
    private final Deque<Integer> open = new ArrayDeque<>();

    private NetlinkMessage(int family, int command, int version) {
        bytes.putInt(0)
                .putShort((short) family)
                .putShort((short) (FLAG_REQUEST | FLAG_ACK))
                .putInt(0)
                .putInt(0)
                .put((byte) command)
                .put((byte) version)
                .putShort((short) 0);
    }

    /** A request that asks for an acknowledgement. */
    static NetlinkMessage request(int family, int command, int version) {
        return new NetlinkMessage(family, command, version);
    }

    NetlinkMessage u32(int attribute, int value) {
        header(attribute, Integer.BYTES).putInt(value);
        return this;
    }

    NetlinkMessage u64(int attribute, long value) {
        header(attribute, Long.BYTES).putLong(value);
        return this;
    }

    /** Text with its end mark. */
    NetlinkMessage text(int attribute, String value) {
        byte[] text = value.getBytes(StandardCharsets.UTF_8);
        header(attribute, text.length + 1).put(text).put((byte) 0);
        pad();
        return this;
    }

    /** Attributes that follow belong to this one, up to {@link #end}. */
    NetlinkMessage begin(int attribute) {
        open.push(bytes.position());
        header(attribute | NESTED, 0);
        return this;
    }

    NetlinkMessage end() {
        int start = open.pop();
        bytes.putShort(start, (short) (bytes.position() - start));
        return this;
    }

    /** The whole message. */
    byte[] encode(int sequence) {
        if (!open.isEmpty()) {
            throw new IllegalStateException("an attribute is not ended");
        }
        bytes.putInt(0, bytes.position()).putInt(8, sequence);
        byte[] result = new byte[bytes.position()];
        bytes.get(0, result);
        return result;
    }

    private ByteBuffer header(int attribute, int payloadBytes) {
        if (bytes.remaining() < ATTRIBUTE_HEADER_BYTES + payloadBytes + 3) {
            throw new BufferOverflowException();
        }
        return bytes.putShort((short) (ATTRIBUTE_HEADER_BYTES + payloadBytes)).putShort((short) attribute);
    }

    private void pad() {
        while (bytes.position() % 4 != 0) {
            bytes.put((byte) 0);
        }
    }
}
