package io.brickcache.cache.index;

import io.brickcache.cache.index.MetadataException.Kind;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

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

    public static BrickRecord decode(ByteBuffer key, ByteBuffer in) throws MetadataException {
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
            return new BrickRecord(id, text(in), uuid, text(in), text(in), sizeBytes);
        } catch (java.nio.BufferUnderflowException e) {
            throw new MetadataException(Kind.CORRUPT, "a brick record is too short", e);
        }
    }

    private static String text(ByteBuffer in) {
        byte[] bytes = new byte[Short.toUnsignedInt(in.getShort())];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
