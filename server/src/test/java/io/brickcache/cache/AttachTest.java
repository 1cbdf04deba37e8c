package io.brickcache.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.IoStatus;
import io.brickcache.block.sim.Faults;
import io.brickcache.block.sim.Medium;
import io.brickcache.block.sim.SimDevice;
import io.brickcache.block.sim.SimDeviceOptions;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.CacheRecord;
import io.brickcache.cache.index.MemoryMetadataStore;
import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Bricks come and go, and a commit that fails leaves neither half a brick nor half a farewell. */
class AttachTest {

    private static final int SLOTS = 256;
    private static final BlockShape SHAPE = new BlockShape(4 << 10);
    private static final long BRICK_BYTES = 4 << 20;

    private final SeededEntropy entropy = new SeededEntropy(29);
    private final SimLoop loop = new SimLoop(entropy);
    private final MemoryMetadataStore store = new MemoryMetadataStore(loop, entropy, 100_000);
    private final BrickRecord record = new BrickRecord(0, "b0", entropy.nextUuid(), "sim", "sim", BRICK_BYTES);
    private final Cache cache = open();

    private Cache open() {
        CacheRecord cacheRecord = new CacheRecord(entropy.nextUuid(), SHAPE.blockBytes(), SLOTS, 0, true);
        MetadataBatch batch = new MetadataBatch();
        batch.put(Family.CACHE, CacheRecord.key(), cacheRecord.encode());
        AtomicBoolean formatted = new AtomicBoolean();
        store.commit(batch, failure -> formatted.set(true));
        loop.runUntil(formatted::get);
        SsdLayout layout = new SsdLayout(cacheRecord.uuid(), SHAPE, SLOTS);
        try {
            Cache opened = Cache.load(
                    CacheMetadata.read(store),
                    store,
                    loop,
                    device("ssd", layout.areaBytes()),
                    CacheOptions.DEFAULTS,
                    brick -> device("disk", BRICK_BYTES));
            assertThat(await(opened::start)).isEqualTo(IoStatus.OK);
            return opened;
        } catch (MetadataException e) {
            throw new AssertionError(e);
        }
    }

    private SimDevice device(String name, long sizeBytes) {
        return new SimDevice(
                name,
                loop,
                new Medium(sizeBytes, 512),
                SimDeviceOptions.DEFAULT,
                (op, bytes) -> 10_000,
                Faults.NONE,
                entropy.split(name));
    }

    private IoStatus await(Consumer<Consumer<IoStatus>> call) {
        List<IoStatus> results = new ArrayList<>();
        call.accept(results::add);
        assertThat(loop.runUntil(() -> !results.isEmpty())).isTrue();
        return results.get(0);
    }

    private void failNextCommit() {
        store.failNext(1, new MetadataException(MetadataException.Kind.IO, "planted failure of a commit"));
    }

    private IoStatus attach() {
        return await(done -> cache.attach(record, device("disk", BRICK_BYTES), done));
    }

    private IoStatus detach() {
        return await(done -> cache.detach(cache.bricks().get(0), done));
    }

    private void commitWhatIsOpen() throws MetadataException {
        loop.runFor(3 * CacheOptions.DEFAULTS.commitIntervalNs());
        cache.checkStructure(true);
    }

    @Test
    void shouldKnowTheBrickAfterARestartWhenAttached() throws MetadataException {
        assertThat(attach()).isEqualTo(IoStatus.OK);

        assertThat(CacheMetadata.read(store).bricks()).containsExactly(record);
    }

    @Test
    void shouldForgetTheBrickWhenDetached() throws MetadataException {
        attach();

        assertThat(detach()).isEqualTo(IoStatus.OK);

        assertThat(cache.bricks()).isEmpty();
        assertThat(CacheMetadata.read(store).bricks()).isEmpty();
        cache.checkStructure(true);
    }

    @Test
    void shouldKeepTheBrickWhenItsDetachCannotBeCommitted() throws MetadataException {
        attach();
        failNextCommit();

        assertThat(detach()).isEqualTo(IoStatus.IO_ERROR);
        commitWhatIsOpen();

        assertThat(cache.bricks()).hasSize(1);
        assertThat(CacheMetadata.read(store).bricks()).containsExactly(record);
    }

    @Test
    void shouldNotKnowTheBrickWhenItsAttachCannotBeCommitted() throws MetadataException {
        failNextCommit();

        assertThat(attach()).isEqualTo(IoStatus.IO_ERROR);
        commitWhatIsOpen();

        assertThat(cache.bricks()).isEmpty();
        assertThat(CacheMetadata.read(store).bricks()).isEmpty();
        assertThat(attach()).isEqualTo(IoStatus.OK);
    }
}
