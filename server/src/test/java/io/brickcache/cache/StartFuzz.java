package io.brickcache.cache;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoStatus;
import io.brickcache.block.sim.Faults;
import io.brickcache.block.sim.Medium;
import io.brickcache.block.sim.SimDevice;
import io.brickcache.block.sim.SimDeviceOptions;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.CacheRecord;
import io.brickcache.cache.index.LostRange;
import io.brickcache.cache.index.MemoryMetadataStore;
import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/**
 * Fuzz target: the records of a whole cache together, as its start reads them. The first byte says whether checksums are made
 * right and whether the cache was closed in order; the rest are entries of a batch that is committed to a store which knows
 * the cache and two bricks.
 *
 * <p>The cache is loaded or refused with a {@link MetadataException}. One that was loaded keeps the engine's invariants,
 * starts, stops, and is the same when it is loaded again.
 */
public final class StartFuzz {

    static final int SLOTS = 200;
    static final int BLOCK = 4096;
    static final long BRICK_BYTES = 4 << 20;
    /** Its last block is not whole. */
    static final long SHORT_BRICK_BYTES = (4 << 20) - 1536;

    private static final UUID CACHE = new UUID(1, 2);
    private static final long MAX_BRICK_BYTES = 1L << 40;

    private final SeededEntropy entropy = new SeededEntropy(1);
    private final SimLoop loop = new SimLoop(entropy);

    private StartFuzz() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws MetadataException {
        if (bytes.length == 0) {
            return;
        }
        MetadataBatch given = new MetadataBatch();
        try {
            given.addEncoded(ByteBuffer.wrap(bytes, 1, bytes.length - 1));
        } catch (MetadataException e) {
            return;
        }
        boolean clean = (bytes[0] & 2) != 0;
        new StartFuzz().run((bytes[0] & 1) == 0 ? given : sealed(given), clean);
    }

    private void run(MetadataBatch given, boolean clean) throws MetadataException {
        MemoryMetadataStore store = new MemoryMetadataStore(loop, entropy, 0);
        commit(store, known(clean));
        commit(store, given);
        Cache cache;
        try {
            CacheMetadata metadata = CacheMetadata.read(store);
            if (isRefused(metadata)) {
                return;
            }
            cache = load(store, metadata);
        } catch (MetadataException e) {
            require(e.getMessage() != null, "refused without a reason");
            return;
        }
        cache.checkStructure(true);
        String before = describe(cache);
        require(await(cache::start) == IoStatus.OK, "it does not start");
        require(await(cache::stop) == IoStatus.OK, "it does not stop");
        require(describe(cache).equals(before), "started and stopped it is another");
        store.close();
        MemoryMetadataStore reopened = store.reopened(loop);
        Cache again = load(reopened, CacheMetadata.read(reopened));
        again.checkStructure(true);
        require(describe(again).equals(before), "loaded again it is another");
    }

    private static MetadataBatch known(boolean clean) {
        MetadataBatch batch = new MetadataBatch();
        batch.put(Family.CACHE, CacheRecord.key(), new CacheRecord(CACHE, BLOCK, SLOTS, 3, clean).encode());
        long[] sizes = {BRICK_BYTES, SHORT_BRICK_BYTES};
        for (int id = 0; id < sizes.length; id++) {
            BrickRecord brick = new BrickRecord(id, "b" + id, new UUID(3, id), "sim", "sim", sizes[id]);
            batch.put(Family.BRICKS, brick.key(), brick.encode());
        }
        return batch;
    }

    /** What app.CacheOpening refuses before it loads the cache; and bricks that the simulation has no disks for. */
    private static boolean isRefused(CacheMetadata metadata) {
        return metadata.cache().slots() != SLOTS
                || metadata.cache().blockBytes() != BLOCK
                || metadata.bricks().stream()
                        .anyMatch(brick -> brick.sizeBytes() % 512 != 0 || brick.sizeBytes() > MAX_BRICK_BYTES);
    }

    private Cache load(MemoryMetadataStore store, CacheMetadata metadata) throws MetadataException {
        SsdLayout layout = new SsdLayout(CACHE, new BlockShape(BLOCK), SLOTS);
        return Cache.load(
                metadata,
                store,
                loop,
                device("ssd", layout.areaBytes()),
                CacheOptions.DEFAULTS,
                brick -> device(brick.name(), brick.sizeBytes()));
    }

    private BlockDevice device(String name, long sizeBytes) {
        Medium medium = new Medium(sizeBytes, 512);
        return new SimDevice(
                name, loop, medium, SimDeviceOptions.DEFAULT, (op, bytes) -> 10_000, Faults.NONE, entropy.split(name));
    }

    private static String describe(Cache cache) {
        StringBuilder text = new StringBuilder();
        for (CachedBrick brick : cache.bricks()) {
            text.append(brick.name()).append(' ').append(brick.dirtyBytes()).append(" dirty, cached ");
            text.append(brick.cachedBlocks);
            for (LostRange range : brick.lost().from(0, Integer.MAX_VALUE)) {
                text.append(", ").append(range.offset()).append('+').append(range.length());
                text.append(' ').append(range.state()).append(' ').append(range.cause());
            }
            text.append('\n');
        }
        return text.toString();
    }

    private void commit(MemoryMetadataStore store, MetadataBatch batch) {
        List<Boolean> done = new ArrayList<>();
        store.commit(batch, failure -> done.add(failure == null));
        loop.runUntil(() -> !done.isEmpty());
    }

    private IoStatus await(Consumer<Consumer<IoStatus>> call) {
        List<IoStatus> results = new ArrayList<>();
        call.accept(results::add);
        require(loop.runUntil(() -> !results.isEmpty()), "it never answers");
        return results.get(0);
    }

    private static MetadataBatch sealed(MetadataBatch given) {
        MetadataBatch sealed = new MetadataBatch();
        given.read(new MetadataBatch.Reader<RuntimeException>() {
            @Override
            public void put(Family family, ByteBuffer key, ByteBuffer value) {
                byte[] keyBytes = copy(key);
                byte[] valueBytes = copy(value);
                boolean hasSeal = family == Family.SLOTS || family == Family.JOURNAL || family == Family.LOST;
                if (hasSeal && valueBytes.length >= 4) {
                    int at = valueBytes.length - 4;
                    CRC32C crc = new CRC32C();
                    crc.update(keyBytes);
                    crc.update(valueBytes, 0, at);
                    ByteBuffer.wrap(valueBytes).putInt(at, (int) crc.getValue());
                }
                sealed.put(family, keyBytes, valueBytes);
            }

            @Override
            public void delete(Family family, ByteBuffer key) {
                sealed.delete(family, copy(key));
            }

            @Override
            public void deleteRange(Family family, ByteBuffer from, ByteBuffer to) {
                sealed.deleteRange(family, copy(from), copy(to));
            }
        });
        return sealed;
    }

    private static byte[] copy(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(buffer.position(), bytes);
        return bytes;
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalStateException(otherwise);
        }
    }
}
