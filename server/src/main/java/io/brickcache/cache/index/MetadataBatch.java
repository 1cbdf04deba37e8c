package io.brickcache.cache.index;

import io.brickcache.cache.index.MetadataStore.Family;
import java.nio.ByteBuffer;

/**
 * Changes to a {@link MetadataStore}, encoded into one growing direct buffer that is reused from commit to commit:
 * entries of {kind and family 1, key length 2, value length 4, key, value}. Loop-confined while it is being filled.
 */
public final class MetadataBatch {

    /** Sees the entries in the order they were added. */
    public interface Reader<X extends Exception> {
        void put(Family family, ByteBuffer key, ByteBuffer value) throws X;

        void delete(Family family, ByteBuffer key) throws X;

        /** Deletes all keys from {@code from} (inclusive) to {@code to} (exclusive). */
        void deleteRange(Family family, ByteBuffer from, ByteBuffer to) throws X;
    }

    private static final int PUT = 0;
    private static final int DELETE = 1;
    private static final int DELETE_RANGE = 2;
    private static final int HEADER_BYTES = 7;
    private static final Family[] FAMILIES = Family.values();

    private ByteBuffer entries = ByteBuffer.allocateDirect(1 << 16);
    private int valueLengthAt;
    private int valueStart;

    /** Forgets all entries. */
    public void clear() {
        entries.clear();
    }

    /** Forgets the entries that were added when it had {@code bytes} bytes, and later. */
    public void truncate(int bytes) {
        entries.position(bytes);
    }

    public boolean isEmpty() {
        return entries.position() == 0;
    }

    /** Bytes of the encoded entries. */
    public int sizeBytes() {
        return entries.position();
    }

    /**
     * Begins a put: the caller writes exactly {@code maxValueBytes} or fewer value bytes relatively into the returned
     * buffer (big-endian) and calls {@link #endPut}.
     */
    public ByteBuffer beginPut(Family family, byte[] key, int maxValueBytes) {
        begin(PUT, family, key.length, maxValueBytes);
        entries.put(key);
        valueStart = entries.position();
        return entries;
    }

    /** Ends the put begun last. */
    public void endPut() {
        entries.putInt(valueLengthAt, entries.position() - valueStart);
    }

    public void put(Family family, byte[] key, byte[] value) {
        beginPut(family, key, value.length).put(value);
        endPut();
    }

    public void delete(Family family, byte[] key) {
        begin(DELETE, family, key.length, 0);
        entries.put(key);
    }

    /** Deletes keys from {@code from} (inclusive) to {@code to} (exclusive). */
    public void deleteRange(Family family, byte[] from, byte[] to) {
        begin(DELETE_RANGE, family, from.length, to.length);
        entries.put(from).put(to);
        entries.putInt(valueLengthAt, to.length);
    }

    private void begin(int kind, Family family, int keyBytes, int valueBytes) {
        ensure(HEADER_BYTES + keyBytes + valueBytes);
        entries.put((byte) (kind << 4 | family.ordinal()));
        entries.putShort((short) keyBytes);
        valueLengthAt = entries.position();
        entries.putInt(0);
    }

    private void ensure(int bytes) {
        if (entries.remaining() < bytes) {
            int capacity = Math.max(entries.capacity() * 2, Math.addExact(entries.position(), bytes));
            entries = ByteBuffer.allocateDirect(capacity).put(entries.flip());
        }
    }

    /** The encoded entries, for who stores a batch as it is; a view that is valid until the batch is changed. */
    public ByteBuffer encoded() {
        return entries.asReadOnlyBuffer().flip();
    }

    /** Copies the encoded entries to {@code out} from its index {@code at} on; its position and limit do not count. */
    public void copyTo(ByteBuffer out, int at) {
        out.put(at, entries, 0, entries.position());
    }

    /** Adds the entries of another batch. */
    public void add(MetadataBatch other) {
        int bytes = other.entries.position();
        ensure(bytes);
        entries.put(entries.position(), other.entries, 0, bytes).position(entries.position() + bytes);
    }

    /**
     * Adds the entries that {@link #encoded} gave, and leaves {@code in} at its limit.
     *
     * @throws MetadataException CORRUPT if these are no entries; nothing has been added
     */
    public void addEncoded(ByteBuffer in) throws MetadataException {
        check(in.duplicate());
        ensure(in.remaining());
        entries.put(in);
    }

    private static void check(ByteBuffer in) throws MetadataException {
        while (in.hasRemaining()) {
            if (in.remaining() < HEADER_BYTES) {
                throw new MetadataException(MetadataException.Kind.CORRUPT, "an entry of a batch is cut short");
            }
            int head = in.get();
            long bytes = Short.toUnsignedLong(in.getShort()) + Integer.toUnsignedLong(in.getInt());
            if (head >> 4 < PUT || head >> 4 > DELETE_RANGE || (head & 0xF) >= FAMILIES.length) {
                throw new MetadataException(MetadataException.Kind.CORRUPT, "a batch has an entry of kind " + head);
            }
            if (bytes > in.remaining()) {
                throw new MetadataException(
                        MetadataException.Kind.CORRUPT,
                        "an entry of a batch has " + bytes + " bytes, " + in.remaining() + " are left");
            }
            in.position(in.position() + (int) bytes);
        }
    }

    /** Walks the entries; the buffers are valid only during each call, from position to limit. */
    public <X extends Exception> void read(Reader<X> reader) throws X {
        ByteBuffer in = entries.duplicate().flip();
        ByteBuffer key = entries.duplicate();
        ByteBuffer value = entries.duplicate();
        while (in.hasRemaining()) {
            int head = in.get();
            int keyBytes = Short.toUnsignedInt(in.getShort());
            int valueBytes = in.getInt();
            Family family = FAMILIES[head & 0xF];
            int keyStart = in.position();
            int valueStart = keyStart + keyBytes;
            in.position(valueStart + valueBytes);
            key.limit(valueStart).position(keyStart);
            value.limit(valueStart + valueBytes).position(valueStart);
            switch (head >> 4) {
                case PUT -> reader.put(family, key, value);
                case DELETE -> reader.delete(family, key);
                case DELETE_RANGE -> reader.deleteRange(family, key, value);
                default -> throw new IllegalStateException("entry of kind " + (head >> 4));
            }
        }
    }
}
