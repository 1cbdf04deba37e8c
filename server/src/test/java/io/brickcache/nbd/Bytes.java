package io.brickcache.nbd;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Composes what goes over the wire, number by number, so that tests spell the protocol out. */
public final class Bytes {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    public static Bytes of() {
        return new Bytes();
    }

    public Bytes u16(int value) {
        return raw(ByteBuffer.allocate(2).putShort((short) value).array());
    }

    public Bytes u32(long value) {
        return raw(ByteBuffer.allocate(4).putInt((int) value).array());
    }

    public Bytes u64(long value) {
        return raw(ByteBuffer.allocate(8).putLong(value).array());
    }

    public Bytes ascii(String text) {
        return raw(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** A string behind its 32-bit length. */
    public Bytes string(String text) {
        return u32(text.length()).ascii(text);
    }

    public Bytes zeroes(int count) {
        return raw(new byte[count]);
    }

    public Bytes raw(byte... bytes) {
        out.writeBytes(bytes);
        return this;
    }

    public byte[] array() {
        return out.toByteArray();
    }

    /** An option with its payload. */
    public static byte[] option(int option, byte[] payload) {
        return of().ascii("IHAVEOPT")
                .u32(option)
                .u32(payload.length)
                .raw(payload)
                .array();
    }

    public static byte[] optionReply(int option, long type, byte[] payload) {
        return of().u64(0x3e889045565a9L)
                .u32(option)
                .u32(type)
                .u32(payload.length)
                .raw(payload)
                .array();
    }

    /** The header of a request. */
    public static byte[] request(int flags, int type, long cookie, long offset, long length) {
        return of().u32(0x25609513)
                .u16(flags)
                .u16(type)
                .u64(cookie)
                .u64(offset)
                .u32(length)
                .array();
    }

    public static byte[] simpleReply(int error, long cookie) {
        return of().u32(0x67446698).u32(error).u64(cookie).array();
    }

    public static byte[] chunk(int flags, int type, long cookie, byte[] payload) {
        return of().u32(0x668e33ef)
                .u16(flags)
                .u16(type)
                .u64(cookie)
                .u32(payload.length)
                .raw(payload)
                .array();
    }

    /** Fresh content of a {@link MemoryDevice}. */
    public static byte[] content(long offset, int length) {
        byte[] result = new byte[length];
        for (int i = 0; i < length; i++) {
            result[i] = MemoryDevice.pattern(offset + i);
        }
        return result;
    }

    public static byte[] join(byte[]... parts) {
        Bytes all = of();
        for (byte[] part : parts) {
            all.raw(part);
        }
        return all.array();
    }
}
