package io.brickcache.cache.index;

import io.brickcache.cache.index.MetadataException.Kind;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A brick attached to a cache; key: its number, one byte, in the BRICKS family.
 *
 * <pre>
 * version 4, UUID 16, size 8, then name, device, identity: each length 2 and UTF-8 (big-endian)
 * </pre>
 *
 * @param id number of the brick in the cache, 0 to 255; in every slot of the brick
 * @param device path as the operator gave it
 * @param identity what the device is, so that another one under the same path is noticed
 */
public record BrickRecord(int id, String name, UUID uuid, String device, String identity, long sizeBytes) {

    public static final int FORMAT_VERSION = 1;

    /** The same brick, of another size. */
    public BrickRecord withSize(long bytes) {
        return new BrickRecord(id, name, uuid, device, identity, bytes);
    }

    public byte[] key() {
        return new byte[] {(byte) id};
    }

    public byte[] encode() {
        byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
        byte[] deviceBytes = device.getBytes(StandardCharsets.UTF_8);
        byte[] identityBytes = identity.getBytes(StandardCharsets.UTF_8);
        ByteBuffer out = ByteBuffer.allocate(34 + nameBytes.length + deviceBytes.length + identityBytes.length)
                .putInt(FORMAT_VERSION)
                .putLong(uuid.getMostSignificantBits())
                .putLong(uuid.getLeastSignificantBits())
                .putLong(sizeBytes);
        for (byte[] text : new byte[][] {nameBytes, deviceBytes, identityBytes}) {
            out.putShort((short) text.length).put(text);
        }
        return out.array();
    }

    /** Reads what {@link #encode} wrote; anything else is a {@link MetadataException}. */
    public static BrickRecord decode(ByteBuffer key, ByteBuffer in) throws MetadataException {
        if (key.remaining() != 1) {
            throw corrupt("has a key of " + key.remaining() + " bytes", null);
        }
        try {
            int version = in.getInt();
            if (version != FORMAT_VERSION) {
                throw new MetadataException(
                        Kind.MISMATCH,
                        "a brick record has version " + version + ", this program knows " + FORMAT_VERSION);
            }
            UUID uuid = new UUID(in.getLong(), in.getLong());
            long sizeBytes = in.getLong();
            int id = Byte.toUnsignedInt(key.get(key.position()));
            BrickRecord record = new BrickRecord(id, text(in), uuid, text(in), text(in), sizeBytes);
            if (sizeBytes <= 0) {
                throw corrupt("has a size of " + sizeBytes + " bytes", null);
            }
            if (in.hasRemaining()) {
                throw corrupt("is " + in.remaining() + " bytes too long", null);
            }
            return record;
        } catch (BufferUnderflowException e) {
            throw corrupt("is too short", e);
        } catch (CharacterCodingException e) {
            throw corrupt("has a text that is not UTF-8", e);
        }
    }

    private static String text(ByteBuffer in) throws CharacterCodingException {
        byte[] bytes = new byte[Short.toUnsignedInt(in.getShort())];
        in.get(bytes);
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes))
                .toString();
    }

    private static MetadataException corrupt(String what, @Nullable Exception cause) {
        return new MetadataException(Kind.CORRUPT, "a brick record " + what, cause);
    }
}
