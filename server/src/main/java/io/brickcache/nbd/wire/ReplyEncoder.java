package io.brickcache.nbd.wire;

import io.netty.buffer.ByteBuf;

/** Answers of the transmission phase. Every method appends to {@code out}, which must have the room. */
public final class ReplyEncoder {

    /** Bytes in front of the data of {@link #offsetData}. */
    public static final int OFFSET_DATA_PREFIX_BYTES = TransmissionCodes.CHUNK_HEADER_BYTES + 8;
    /** Bytes of {@link #error} besides its message. */
    public static final int ERROR_CHUNK_BYTES = TransmissionCodes.CHUNK_HEADER_BYTES + 6;
    /** Bytes of {@link #blockStatus} besides its extents. */
    public static final int BLOCK_STATUS_CHUNK_BYTES = TransmissionCodes.CHUNK_HEADER_BYTES + 4;
    /** Bytes of one {@link #extent}. */
    public static final int EXTENT_BYTES = 8;

    private ReplyEncoder() {}

    /** A simple reply; the data of a successful READ follows it. */
    public static void simple(ByteBuf out, NbdError error, long cookie) {
        out.writeInt(TransmissionCodes.SIMPLE_REPLY_MAGIC);
        out.writeInt(error.number());
        out.writeLong(cookie);
    }

    /** The only chunk of a successful READ, up to its data, of which {@code dataBytes} follow. */
    public static void offsetData(ByteBuf out, long cookie, long offset, int dataBytes) {
        chunk(out, TransmissionCodes.CHUNK_FLAG_DONE, TransmissionCodes.CHUNK_OFFSET_DATA, cookie, 8 + dataBytes);
        out.writeLong(offset);
    }

    /** The last chunk of a failed request. */
    public static void error(ByteBuf out, NbdError error, long cookie, byte[] message) {
        chunk(out, TransmissionCodes.CHUNK_FLAG_DONE, TransmissionCodes.CHUNK_ERROR, cookie, 4 + 2 + message.length);
        out.writeInt(error.number());
        out.writeShort(message.length);
        out.writeBytes(message);
    }

    /** A description of a range in one context; {@code extents} times {@link #extent} follow. */
    public static void blockStatus(ByteBuf out, int chunkFlags, long cookie, MetaContext context, int extents) {
        chunk(out, chunkFlags, TransmissionCodes.CHUNK_BLOCK_STATUS, cookie, 4 + extents * EXTENT_BYTES);
        out.writeInt(context.id());
    }

    /**
     * One extent of a description.
     *
     * @param lengthBytes 1 to 2^32-1
     */
    public static void extent(ByteBuf out, long lengthBytes, int state) {
        out.writeInt((int) lengthBytes);
        out.writeInt(state);
    }

    private static void chunk(ByteBuf out, int flags, int type, long cookie, int payloadBytes) {
        out.writeInt(TransmissionCodes.STRUCTURED_REPLY_MAGIC);
        out.writeShort(flags);
        out.writeShort(type);
        out.writeLong(cookie);
        out.writeInt(payloadBytes);
    }
}
