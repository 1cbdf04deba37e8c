package io.brickcache.cache;

import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** Seals the records of the journal anew before recovery looks at them, as if it did not look at their checksums. */
final class CredulousStore implements MetadataStore {

    private final MetadataStore inner;

    CredulousStore(MetadataStore inner) {
        this.inner = inner;
    }

    @Override
    public void scan(Family family, Visitor visitor) throws MetadataException {
        if (family == Family.JOURNAL) {
            inner.scan(family, (key, value) -> visitor.record(key, sealed(key, value)));
        } else {
            inner.scan(family, visitor);
        }
    }

    private static ByteBuffer sealed(ByteBuffer key, ByteBuffer value) {
        ByteBuffer copy = ByteBuffer.allocate(value.remaining()).put(value.duplicate());
        int sealAt = copy.capacity() - Integer.BYTES;
        CRC32C crc = new CRC32C();
        crc.update(key.duplicate());
        crc.update(copy.slice(0, sealAt));
        return copy.putInt(sealAt, (int) crc.getValue()).clear();
    }

    @Override
    public void commit(MetadataBatch batch, Callback callback) {
        inner.commit(batch, callback);
    }

    @Override
    public long sizeBytes() {
        return inner.sizeBytes();
    }

    @Override
    public void close() {
        inner.close();
    }
}
