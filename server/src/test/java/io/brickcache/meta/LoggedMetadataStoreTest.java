package io.brickcache.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.block.IoStatus;
import io.brickcache.cache.index.MemoryMetadataStore;
import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.cache.index.MetadataStoreContract;
import io.brickcache.nbd.MemoryDevice;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** What a store must do, by one whose batches go to a log first. */
class LoggedMetadataStoreTest extends MetadataStoreContract {

    private static final UUID CACHE = new UUID(3, 5);
    private static final int LOG_OFFSET = 8192;
    private static final int BLOCKS = 8;
    private static final long MAX_LATENCY_NS = 100_000;

    private final MetadataException broken = new MetadataException(Kind.IO, "the store is broken");
    private final Random random = new Random(5);
    private final MemoryDevice ssd = MemoryDevice.ofSize(LOG_OFFSET + BLOCKS * LogRecord.ALIGNMENT)
            .answering(MemoryDevice.Answer.ON_EXECUTOR, loop);
    private MemoryMetadataStore below = new MemoryMetadataStore(loop, random::nextLong, MAX_LATENCY_NS);

    @Override
    protected MetadataStore create() throws Exception {
        return open();
    }

    @Override
    protected MetadataStore reopen(MetadataStore old) throws Exception {
        return loop.call(() -> {
            old.close();
            below = below.reopened(loop);
            return LoggedMetadataStore.open(below, log(), loop);
        });
    }

    private MetadataStore open() throws Exception {
        return loop.call(() -> LoggedMetadataStore.open(below, log(), loop));
    }

    /** What a service finds after its process has been killed. */
    private void kill() throws Exception {
        loop.call(() -> {
            below.crash();
            below = below.reopened(loop);
            return null;
        });
    }

    private CommitLog log() {
        byte[] ring = new byte[BLOCKS * LogRecord.ALIGNMENT];
        System.arraycopy(ssd.content(), LOG_OFFSET, ring, 0, ring.length);
        return new CommitLog(ssd, LOG_OFFSET, ByteBuffer.wrap(ring), CACHE);
    }

    @Test
    void shouldWriteOneDurableRecordAndNothingBelowWhenABatchIsSmall() throws Exception {
        commit(batch(1, "written through"));
        commit(batch(2, "logged"));
        commit(batch(3, "logged"));

        assertThat(ssd.log()).containsExactly("WRITE[8192+4096 flags=1]", "WRITE[12288+4096 flags=1]");
        assertThat(slotsBelow()).containsExactly(entry(1, "written through"));
        assertThat(slots()).containsExactly(entry(1, "written through"), entry(2, "logged"), entry(3, "logged"));
        assertThat(records(Family.CACHE)).as("records of its own").isEmpty();
    }

    @Test
    void shouldFindInTheLogWhatOnlyTheLogHasWhenTheProcessWasKilled() throws Exception {
        commit(batch(1, "first"));
        commit(batch(2, "second"));
        commit(batch(1, "third"));
        kill();

        store = open();
        assertThat(slots()).containsExactly(entry(1, "third"), entry(2, "second"));
        commit(batch(3, "written through with what was found"));
        assertThat(slotsBelow()).hasSize(3);
        commit(batch(4, "logged again"));
        assertThat(slotsBelow()).hasSize(3);
        kill();
        store = open();
        assertThat(slots()).hasSize(4);
    }

    @Test
    void shouldMoveWhatIsLoggedToTheStoreWhenTheLogIsHalfFullAndGoRound() throws Exception {
        for (int i = 0; i < 100; i++) {
            commit(batch(i, "value " + i));
            assertThat(slotsBelow().size())
                    .as("batches that only the log has, of %d", i)
                    .isGreaterThan(i - BLOCKS);
        }
        kill();
        store = open();
        assertThat(slots()).hasSize(100);
    }

    @Test
    void shouldWriteThroughInOrderWhenABatchIsLargerThanARecordMayBe() throws Exception {
        commit(batch(1, "first"));
        commit(batch(2, "logged"));
        commit(large(2, "in the large batch"));
        commit(batch(4, "logged"));

        assertThat(slotsBelow()).hasSize(3).contains(entry(2, "in the large batch"));
        kill();
        store = open();
        assertThat(slots()).hasSize(4).contains(entry(2, "in the large batch"));
    }

    @Test
    void shouldWriteThroughWhenTheLogCannotBeWritten() throws Exception {
        commit(batch(1, "first"));
        commit(batch(2, "logged"));
        failLog(IoStatus.IO_ERROR);
        commit(batch(2, "newer"));
        commit(batch(3, "third"));
        assertThat(slotsBelow()).containsExactly(entry(1, "first"), entry(2, "newer"), entry(3, "third"));
        kill();

        failLog(null);
        store = open();
        assertThat(slots()).containsExactly(entry(1, "first"), entry(2, "newer"), entry(3, "third"));
    }

    @Test
    void shouldFailAndHoldTheStateBeforeWhenNeitherTakesTheBatch() throws Exception {
        commit(batch(1, "first"));
        commit(batch(2, "logged"));
        failLog(IoStatus.IO_ERROR);
        failBelow(2);
        assertThat(outcomeOf(batch(2, "newer"))).contains(broken);
        assertThat(outcomeOf(batch(3, "newer"))).contains(broken);
        assertThat(slots()).containsExactly(entry(1, "first"), entry(2, "logged"));

        commit(batch(3, "newest"));
        kill();
        store = open();
        assertThat(slots()).containsExactly(entry(1, "first"), entry(2, "logged"), entry(3, "newest"));
    }

    @Test
    void shouldKeepWhatIsLoggedWhenItCannotBeMoved() throws Exception {
        commit(batch(0, "first"));
        failBelow(1);
        for (int i = 1; i < 3 * BLOCKS; i++) {
            commit(batch(i, "value " + i));
        }
        assertThat(slots()).hasSize(3 * BLOCKS);
        kill();
        store = open();
        assertThat(slots()).hasSize(3 * BLOCKS);
    }

    @Test
    void shouldPassOverTheLastBatchWhenItIsNotWhole() throws Exception {
        commit(batch(1, "first"));
        commit(batch(2, "second"));
        commit(batch(3, "torn"));
        turn(LOG_OFFSET + LogRecord.ALIGNMENT + LogRecord.HEAD_BYTES);
        kill();

        store = open();
        assertThat(slots()).containsExactly(entry(1, "first"), entry(2, "second"));
        commit(batch(4, "fourth"));
        commit(batch(5, "fifth"));
        kill();
        store = open();
        assertThat(slots()).extracting(Entry::key).containsExactly(key(1), key(2), key(4), key(5));
    }

    @Test
    void shouldRefuseToOpenWhenABatchBeforeOthersIsDamaged() throws Exception {
        commit(batch(1, "first"));
        commit(batch(2, "damaged"));
        commit(batch(3, "third"));
        turn(LOG_OFFSET + LogRecord.HEAD_BYTES);
        kill();

        assertRefused(Kind.CORRUPT, "has commit 3 but not commit 2");
    }

    @Test
    void shouldRefuseToOpenWhenTheStoreIsACopyThatLacksABatchWrittenThrough() throws Exception {
        commit(batch(1, "first"));
        commit(batch(2, "logged"));
        MemoryMetadataStore copied = below;
        kill();
        store = open();
        commit(batch(3, "written through"));
        commit(batch(4, "logged"));
        kill();
        below = copied.reopened(loop);

        assertRefused(Kind.CORRUPT, "has commit 4 but not commit 3");
    }

    @Test
    void shouldLogNothingAfterABatchThatWasTooLargeAndFailed() throws Exception {
        commit(batch(1, "first"));
        failBelow(1);
        assertThat(outcomeOf(large(2, "too large for the log"))).contains(broken);
        commit(batch(3, "written through"));

        assertThat(slotsBelow()).containsExactly(entry(1, "first"), entry(3, "written through"));
        kill();
        store = open();
        assertThat(slots()).containsExactly(entry(1, "first"), entry(3, "written through"));
    }

    @Test
    void shouldRefuseToOpenWhenTheVersionOfARecordIsUnknown() throws Exception {
        commit(batch(1, "first"));
        MetadataBatch batch = batch(2, "of another version");
        byte[] bytes = ssd.content();
        ByteBuffer record = ByteBuffer.allocate(LogRecord.ALIGNMENT);
        batch.copyTo(record, LogRecord.HEAD_BYTES);
        LogRecord.seal(
                record, 2, batch.sizeBytes(), LogRecord.bytes(CACHE), LogRecord.FORMAT_VERSION + 1, new CRC32C());
        record.get(0, bytes, LOG_OFFSET, LogRecord.ALIGNMENT);
        kill();

        assertRefused(Kind.MISMATCH, "version 2, this program knows 1");
    }

    @Test
    void shouldPassOverWhatAnotherCacheHasLeft() throws Exception {
        commit(batch(1, "first"));
        commit(batch(2, "logged"));
        kill();
        MetadataStore other = loop.call(() -> LoggedMetadataStore.open(
                below,
                new CommitLog(
                        ssd,
                        LOG_OFFSET,
                        ByteBuffer.wrap(ssd.content()).position(LOG_OFFSET).slice(),
                        new UUID(8, 8)),
                loop));
        assertThat(records(other, Family.SLOTS)).containsExactly(entry(1, "first"));
    }

    @Test
    void shouldLeaveNothingThatOnlyTheLogHasWhenClosed() throws Exception {
        commit(batch(1, "first"));
        commit(batch(2, "logged"));
        store.close();
        below = below.reopened(loop);
        assertThat(slotsBelow()).hasSize(2);
        store = open();
    }

    @Test
    void shouldKeepTheOrderWhenItIsClosedWhileABatchIsWrittenThrough() throws Exception {
        commit(batch(1, "first"));
        commit(batch(2, "logged"));
        MetadataBatch large = large(2, "newer");
        loop.call(() -> {
            store.commit(large, failure -> {});
            store.close();
            below = below.reopened(loop);
            return null;
        });
        assertThat(slotsBelow()).contains(entry(2, "newer"));
        store = open();
    }

    @Test
    void shouldWaitForTheLogWhenItIsClosedWhileTheLogIsWritten() throws Exception {
        commit(batch(1, "first"));
        MetadataBatch last = batch(2, "last");
        CompletableFuture<Optional<MetadataException>> outcome = new CompletableFuture<>();
        loop.call(() -> {
            ssd.answering(MemoryDevice.Answer.WHEN_RELEASED, loop);
            store.commit(last, failure -> outcome.complete(Optional.ofNullable(failure)));
            return null;
        });
        CompletableFuture<Void> closing = CompletableFuture.runAsync(store::close);

        assertThat(outcome.get(60, TimeUnit.SECONDS)).isEmpty();
        assertThatThrownBy(() -> below.reopened(loop)).hasMessage("reopened before close or crash");
        loop.call(() -> {
            ssd.releaseAll();
            ssd.answering(MemoryDevice.Answer.ON_EXECUTOR, loop);
            return null;
        });
        closing.get(60, TimeUnit.SECONDS);
        below = below.reopened(loop);
        assertThat(slotsBelow()).contains(entry(2, "last"));
        store = open();
    }

    private void assertRefused(Kind kind, String message) {
        assertThatThrownBy(this::open)
                .hasRootCauseInstanceOf(MetadataException.class)
                .rootCause()
                .hasMessageContaining(message)
                .extracting(e -> ((MetadataException) e).kind())
                .isEqualTo(kind);
    }

    private void turn(int at) {
        ssd.content()[at] ^= 1;
    }

    private void failLog(@org.jspecify.annotations.Nullable IoStatus with) throws Exception {
        loop.call(() -> {
            ssd.failWith(with);
            return null;
        });
    }

    private void failBelow(int commits) throws Exception {
        loop.call(() -> {
            below.failNext(commits, broken);
            return null;
        });
    }

    private List<Entry> slots() throws Exception {
        return loop.call(() -> records(store, Family.SLOTS));
    }

    private List<Entry> slotsBelow() throws Exception {
        return loop.call(() -> records(below, Family.SLOTS));
    }

    private static Entry entry(int slot, String value) {
        return new Entry(key(slot), bytes(value));
    }

    private static MetadataBatch batch(int slot, String value) {
        MetadataBatch batch = new MetadataBatch();
        batch.put(Family.SLOTS, key(slot), bytes(value));
        return batch;
    }

    /** One that is too large for the log; it has the next slot, too. */
    private static MetadataBatch large(int slot, String value) {
        MetadataBatch large = batch(slot, value);
        large.put(Family.SLOTS, key(slot + 1), new byte[BLOCKS * LogRecord.ALIGNMENT]);
        return large;
    }
}
