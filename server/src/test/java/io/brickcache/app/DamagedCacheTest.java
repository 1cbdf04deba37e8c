package io.brickcache.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.admin.BrickView;
import io.brickcache.admin.CacheView;
import io.brickcache.admin.ProgressListener;
import io.brickcache.block.IoOptions;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.CacheRecord;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.DBOptions;
import org.rocksdb.FlushOptions;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/**
 * Every way in which what is on the SSD can be damaged or wrong: the cache is not opened, bricks of which nothing is dirty are
 * served from their disks, the others refused with the amount, and what is damaged is said. Put right, it is a cache again.
 */
@Timeout(120)
class DamagedCacheTest {

    private static final int LENGTH = 256 << 10;
    private static final long AT = 3 * NodeRig.MIB;

    @TempDir
    private Path directory;

    private NodeRig node;

    /** One kind of damage. */
    enum Damage {
        NO_DIRECTORY("does not exist") {
            @Override
            void inflict(DamagedCacheTest test) throws IOException {
                deleteTree(test.node.path("ssd"));
            }
        },
        EMPTY_METADATA_DIRECTORY("is empty, its SSD may not be mounted") {
            @Override
            void inflict(DamagedCacheTest test) throws IOException {
                deleteTree(test.meta());
                Files.createDirectory(test.meta());
            }
        },
        NO_CURRENT("no file CURRENT") {
            @Override
            void inflict(DamagedCacheTest test) throws IOException {
                Files.delete(test.meta().resolve("CURRENT"));
            }
        },
        DAMAGED_CURRENT("") {
            @Override
            void inflict(DamagedCacheTest test) throws IOException {
                Files.writeString(test.meta().resolve("CURRENT"), "nonsense");
            }
        },
        NO_MANIFEST("") {
            @Override
            void inflict(DamagedCacheTest test) throws IOException {
                Files.delete(test.newest("MANIFEST-*"));
            }
        },
        DAMAGED_MANIFEST("") {
            @Override
            void inflict(DamagedCacheTest test) throws IOException {
                flip(test.newest("MANIFEST-*"), 20);
            }
        },
        DAMAGED_TABLES("") {
            @Override
            void inflict(DamagedCacheTest test) throws IOException {
                inRocks(test.meta(), DamagedCacheTest::makeTables);
                for (Path table : test.files("*.sst")) {
                    flip(table, 8);
                }
            }
        },
        NO_TABLES("") {
            @Override
            void inflict(DamagedCacheTest test) throws IOException {
                inRocks(test.meta(), DamagedCacheTest::makeTables);
                for (Path table : test.files("*.sst")) {
                    Files.delete(table);
                }
            }
        },
        METADATA_OF_THE_FUTURE("the metadata has format 99, this program knows 2") {
            @Override
            void inflict(DamagedCacheTest test) {
                inRocks(test.meta(), (rocks, families) -> {
                    byte[] record = rocks.get(families.get("cache"), CacheRecord.key());
                    ByteBuffer.wrap(record).putInt(99);
                    rocks.put(families.get("cache"), CacheRecord.key(), record);
                });
            }
        },
        OTHER_SIZES("slots of") {
            @Override
            void inflict(DamagedCacheTest test) {
                inRocks(test.meta(), (rocks, families) -> {
                    byte[] record = rocks.get(families.get("cache"), CacheRecord.key());
                    ByteBuffer.wrap(record).putInt(24, Integer.MAX_VALUE);
                    rocks.put(families.get("cache"), CacheRecord.key(), record);
                });
            }
        },
        ABSURD_BRICK("says that it has") {
            @Override
            void inflict(DamagedCacheTest test) {
                inRocks(test.meta(), (rocks, families) -> {
                    byte[] record = rocks.get(families.get("bricks"), new byte[] {0});
                    ByteBuffer.wrap(record).putLong(20, 1L << 61);
                    rocks.put(families.get("bricks"), new byte[] {0}, record);
                });
            }
        },
        NO_BRICK_RECORDS("which is not known") {
            @Override
            void inflict(DamagedCacheTest test) {
                inRocks(test.meta(), (rocks, families) -> {
                    rocks.delete(families.get("bricks"), new byte[] {0});
                    rocks.delete(families.get("bricks"), new byte[] {1});
                });
            }
        },
        DAMAGED_JOURNAL("wrong checksum") {
            @Override
            void inflict(DamagedCacheTest test) {
                inRocks(test.meta(), (rocks, families) -> {
                    try (RocksIterator records = rocks.newIterator(families.get("journal"))) {
                        records.seekToFirst();
                        byte[] value = records.value();
                        value[7] ^= 0x10;
                        rocks.put(families.get("journal"), records.key(), value);
                    }
                });
            }
        },
        COMMIT_LOG_OF_THE_FUTURE("log record") {
            @Override
            void inflict(DamagedCacheTest test) {
                inRocks(test.meta(), (rocks, families) -> {
                    byte[] key = "log".getBytes(StandardCharsets.US_ASCII);
                    byte[] record = rocks.get(families.get("cache"), key);
                    ByteBuffer.wrap(record).putInt(99);
                    rocks.put(families.get("cache"), key, record);
                });
            }
        },
        OTHER_CACHE("is the right SSD mounted?") {
            @Override
            void inflict(DamagedCacheTest test) throws IOException {
                deleteTree(test.meta());
                Files.move(test.node.path("other/meta"), test.meta());
            }
        },
        NO_DATA_AREA("does not exist") {
            @Override
            void inflict(DamagedCacheTest test) throws IOException {
                Files.delete(test.data());
            }
        },
        SHORT_DATA_AREA("was it cut short?") {
            @Override
            void inflict(DamagedCacheTest test) throws IOException {
                try (RandomAccessFile data = new RandomAccessFile(test.data().toFile(), "rw")) {
                    data.setLength(8 * NodeRig.MIB);
                }
            }
        },
        WIPED_SUPERBLOCK("holds no brickcache data area") {
            @Override
            void inflict(DamagedCacheTest test) throws IOException {
                overwrite(test.data(), 0, new byte[SsdLayout.SUPERBLOCK_BYTES]);
            }
        },
        DAMAGED_SUPERBLOCK("has a damaged superblock") {
            @Override
            void inflict(DamagedCacheTest test) throws IOException {
                flip(test.data(), 33);
            }
        },
        DATA_AREA_OF_THE_FUTURE("has data format 99, this program knows 1") {
            @Override
            void inflict(DamagedCacheTest test) throws IOException {
                overwrite(test.data(), 8, ByteBuffer.allocate(4).putInt(99).array());
            }
        },
        DATA_AREA_OF_ANOTHER_CACHE("is the data area of cache") {
            @Override
            void inflict(DamagedCacheTest test) throws IOException {
                Files.delete(test.data());
                Files.move(test.node.path("other/data"), test.data());
            }
        };

        private final String message;

        Damage(String message) {
            this.message = message;
        }

        abstract void inflict(DamagedCacheTest test) throws IOException;
    }

    @BeforeEach
    void startWithTwoBricks() throws Exception {
        node = new NodeRig(directory, IoOptions.Engine.POOLED).start();
        node.createCache("ssd");
        node.createCache("other");
        node.attach("clean", "ssd");
        node.attach("dirty", "ssd");
        node.attach("elsewhere", "other");
        node.write("clean", 1, AT, LENGTH);
        node.admin().flushBrick("clean", ProgressListener.NONE);
        // Opened a second time, so that what the first wrote is in tables. What is dirty then would be demoted at once.
        node.restart();
        node.write("dirty", 2, AT, LENGTH);
        node.stop();
    }

    @AfterEach
    void stop() {
        node.close();
    }

    private Path meta() {
        return node.path("ssd/meta");
    }

    private Path data() {
        return node.path("ssd/data");
    }

    private List<Path> files(String glob) throws IOException {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(meta(), glob)) {
            found.forEach(files::add);
        }
        assertThat(files).as(glob).isNotEmpty();
        return files;
    }

    private Path newest(String glob) throws IOException {
        return files(glob).stream().max(Comparator.naturalOrder()).orElseThrow();
    }

    @ParameterizedTest
    @EnumSource(Damage.class)
    void shouldServeWhatIsWholeWithoutTheCacheWhenItIsDamaged(Damage damage) throws Exception {
        copyTree(node.path("ssd"), node.path("saved"));
        damage.inflict(this);

        node.start();

        CacheView cache = node.admin().cache("ssd");
        assertThat(cache.state()).isEqualTo(CacheView.State.UNAVAILABLE);
        assertThat(cache.stateReason())
                .contains(damage.message)
                .contains(node.path("ssd").toString())
                .contains(LENGTH + " bytes of 1 brick are on it only");
        assertThat(node.admin().brick("clean").state()).isEqualTo(BrickView.State.PASS_THROUGH);
        assertThat(node.read("clean", AT, LENGTH)).isEqualTo(NodeRig.pattern(1, AT, LENGTH));
        BrickView refused = node.admin().brick("dirty");
        assertThat(refused.state()).isEqualTo(BrickView.State.UNAVAILABLE);
        assertThat(refused.stateReason()).contains(LENGTH + " bytes");
        assertThat(node.readBehind("dirty", AT, LENGTH)).isEqualTo(new byte[LENGTH]);

        deleteTree(node.path("ssd"));
        Files.move(node.path("saved"), node.path("ssd"));
        assertThat(node.admin().rejoinCache("ssd").state()).isEqualTo(CacheView.State.SERVING);
        assertThat(node.read("clean", AT, LENGTH)).isEqualTo(NodeRig.pattern(1, AT, LENGTH));
        assertThat(node.read("dirty", AT, LENGTH)).isEqualTo(NodeRig.pattern(2, AT, LENGTH));
    }

    /** Works on the bare RocksDB of a cache that is not open. */
    @FunctionalInterface
    private interface RocksWork {
        void on(RocksDB rocks, Map<String, ColumnFamilyHandle> families) throws RocksDBException;
    }

    private static void inRocks(Path directory, RocksWork work) {
        RocksDB.loadLibrary();
        List<ColumnFamilyHandle> handles = new ArrayList<>();
        try (Options options = new Options();
                DBOptions database = new DBOptions()) {
            List<ColumnFamilyDescriptor> descriptors =
                    RocksDB.listColumnFamilies(options, directory.toString()).stream()
                            .map(ColumnFamilyDescriptor::new)
                            .toList();
            try (RocksDB rocks = RocksDB.open(database, directory.toString(), descriptors, handles)) {
                Map<String, ColumnFamilyHandle> families = new HashMap<>();
                for (ColumnFamilyHandle handle : handles) {
                    families.put(new String(handle.getName(), StandardCharsets.UTF_8), handle);
                }
                work.on(rocks, families);
                handles.forEach(ColumnFamilyHandle::close);
            }
        } catch (RocksDBException e) {
            throw new AssertionError(e);
        }
    }

    private static void makeTables(RocksDB rocks, Map<String, ColumnFamilyHandle> families) throws RocksDBException {
        try (FlushOptions waiting = new FlushOptions()) {
            rocks.flush(waiting, new ArrayList<>(families.values()));
        }
    }

    private static void flip(Path file, long at) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(at);
            int old = open.read();
            open.seek(at);
            open.write(old ^ 0x55);
        }
    }

    private static void overwrite(Path file, long at, byte[] bytes) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.seek(at);
            open.write(bytes);
        }
    }

    private static void deleteTree(Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(root)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private static void copyTree(Path from, Path to) throws IOException {
        try (Stream<Path> tree = Files.walk(from)) {
            tree.forEach(path -> {
                try {
                    Files.copy(path, to.resolve(from.relativize(path)));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
