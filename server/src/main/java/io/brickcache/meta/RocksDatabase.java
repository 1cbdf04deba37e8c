package io.brickcache.meta;

import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.cache.index.MetadataStore.Visitor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;

/** One opened RocksDB with its native objects, from open to close. Confined to the metadata thread, but for scans. */
final class RocksDatabase implements AutoCloseable {

    /** Whether the database has to be there or must not be. */
    enum Opening {
        CREATE,
        EXISTING,
        /** As it is, and only to be read: needs no room and writes nothing. */
        READ_ONLY
    }

    private static final Family[] FAMILIES = Family.values();
    private static final String SST_BYTES = "rocksdb.live-sst-files-size";
    private static final int FIRST_KEY_BYTES = 256;
    private static final int FIRST_VALUE_BYTES = 16 << 10;

    private final Path directory;
    private final RocksSettings settings;
    private final RocksDB rocks;
    /** The default family, then one for each of {@link #FAMILIES}. */
    private final List<ColumnFamilyHandle> handles;

    private final WriteBatch batch = new WriteBatch();
    private final BatchWriter writer = new BatchWriter();

    private RocksDatabase(Path directory, RocksSettings settings, RocksDB rocks, List<ColumnFamilyHandle> handles) {
        this.directory = directory;
        this.settings = settings;
        this.rocks = rocks;
        this.handles = handles;
    }

    static RocksDatabase open(Path directory, MetaOptions options, Opening opening) throws MetadataException {
        RocksLibrary.load();
        RocksSettings settings = new RocksSettings(options);
        settings.database
                .setCreateIfMissing(opening == Opening.CREATE)
                .setErrorIfExists(opening == Opening.CREATE)
                .setCreateMissingColumnFamilies(opening == Opening.CREATE);
        List<ColumnFamilyDescriptor> families = new ArrayList<>();
        families.add(new ColumnFamilyDescriptor(RocksDB.DEFAULT_COLUMN_FAMILY, settings.family));
        for (Family family : FAMILIES) {
            byte[] name = family.name().toLowerCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8);
            families.add(new ColumnFamilyDescriptor(name, settings.family));
        }
        List<ColumnFamilyHandle> handles = new ArrayList<>();
        try {
            RocksDB rocks = opening == Opening.READ_ONLY
                    ? RocksDB.openReadOnly(settings.database, directory.toString(), families, handles)
                    : RocksDB.open(settings.database, directory.toString(), families, handles);
            return new RocksDatabase(directory, settings, rocks, handles);
        } catch (RocksDBException e) {
            settings.close();
            throw RocksErrors.of(directory, opening == Opening.CREATE ? "created" : "opened", e);
        }
    }

    /** Writes the batch, atomically and synced. After a failure the database is good for nothing but {@link #close}. */
    void write(MetadataBatch changes) throws MetadataException {
        try {
            batch.clear();
            changes.read(writer);
            rocks.write(settings.commit, batch);
        } catch (RocksDBException e) {
            throw RocksErrors.of(directory, "written", e);
        } finally {
            batch.clear();
        }
    }

    /** Visits the records of a family in key order; the buffers are reused from record to record. */
    void scan(Family family, Visitor visitor) throws MetadataException {
        scan(family, null, null, visitor);
    }

    /**
     * As {@link #scan(Family, Visitor)}, from a key (inclusive) to a key (exclusive), where they are not null. Several threads
     * may scan at once.
     */
    void scan(Family family, byte @Nullable [] from, byte @Nullable [] to, Visitor visitor) throws MetadataException {
        ByteBuffer key = ByteBuffer.allocateDirect(FIRST_KEY_BYTES);
        ByteBuffer value = ByteBuffer.allocateDirect(FIRST_VALUE_BYTES);
        try (RocksIterator records = rocks.newIterator(handle(family), settings.scan)) {
            if (from == null) {
                records.seekToFirst();
            } else {
                records.seek(from);
            }
            for (; records.isValid(); records.next()) {
                int keyBytes = records.key(key.clear());
                if (keyBytes > key.capacity()) {
                    key = ByteBuffer.allocateDirect(keyBytes);
                    records.key(key);
                }
                key.position(0).limit(keyBytes);
                if (to != null && !MetadataStore.isBelow(key, to)) {
                    break;
                }
                int valueBytes = records.value(value.clear());
                if (valueBytes > value.capacity()) {
                    value = ByteBuffer.allocateDirect(Math.max(valueBytes, 2 * value.capacity()));
                    records.value(value);
                }
                visitor.record(key, value.position(0).limit(valueBytes));
            }
            records.status();
        } catch (RocksDBException e) {
            throw RocksErrors.of(directory, "read", e);
        }
    }

    /** Bytes of all live table files. */
    long tableBytes() throws MetadataException {
        try {
            return rocks.getAggregatedLongProperty(SST_BYTES);
        } catch (RocksDBException e) {
            throw RocksErrors.of(directory, "measured", e);
        }
    }

    @Override
    public void close() {
        batch.close();
        handles.forEach(ColumnFamilyHandle::close);
        rocks.close();
        settings.close();
    }

    private ColumnFamilyHandle handle(Family family) {
        return handles.get(1 + family.ordinal());
    }

    /** Copies the entries of a {@link MetadataBatch} into the native batch, buffer to buffer. */
    private final class BatchWriter implements MetadataBatch.Reader<RocksDBException> {

        @Override
        public void put(Family family, ByteBuffer key, ByteBuffer value) throws RocksDBException {
            batch.put(handle(family), key, value);
        }

        @Override
        public void delete(Family family, ByteBuffer key) throws RocksDBException {
            batch.delete(handle(family), key);
        }

        /** RocksDB's Java API takes arrays here; ranges are rare. */
        @Override
        public void deleteRange(Family family, ByteBuffer from, ByteBuffer to) throws RocksDBException {
            if (from.compareTo(to) != 0) {
                batch.deleteRange(handle(family), bytes(from), bytes(to));
            }
        }

        private static byte[] bytes(ByteBuffer buffer) {
            byte[] copy = new byte[buffer.remaining()];
            buffer.get(buffer.position(), copy);
            return copy;
        }
    }
}
