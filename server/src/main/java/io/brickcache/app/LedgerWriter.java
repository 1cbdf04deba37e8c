package io.brickcache.app;

import io.brickcache.block.IoStatus;
import io.brickcache.cache.DirtyWitness;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.env.Clock;
import io.brickcache.env.Loop;
import java.io.IOException;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the {@link BrickLedger} for one loop, which must not block, on a thread of its own and in the order it is asked.
 * At most two writes a brick wait: the engine and the pass-through await the answer before they ask again.
 */
final class LedgerWriter implements DirtyWitness, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(LedgerWriter.class);

    private final BrickLedger ledger;
    private final Loop loop;
    private final Clock clock;
    private final ExecutorService thread;
    private volatile boolean failing;

    LedgerWriter(BrickLedger ledger, Loop loop, Clock clock, String cache) {
        this.ledger = ledger;
        this.loop = loop;
        this.clock = clock;
        this.thread = Executors.newSingleThreadExecutor(task -> {
            Thread started = new Thread(task, "ledger-" + cache);
            started.setDaemon(true);
            return started;
        });
    }

    @Override
    public void record(BrickRecord brick, long dirtyBytes, Consumer<IoStatus> done) {
        write(brick.uuid(), record -> record.withDirtyBytes(dirtyBytes), done);
    }

    /** The disk of the brick is about to be written without its cache. */
    void markVoid(UUID brick, Consumer<IoStatus> done) {
        Instant now = Instant.ofEpochMilli(clock.epochMillis());
        write(brick, record -> record.madeVoid(now), done);
    }

    /**
     * After an orderly stop: exactly so much is dirty, and the disk is as the fingerprint says. After everything that was
     * asked for before; blocks.
     */
    void seal(UUID brick, long dirtyBytes, @Nullable Integer fingerprint) {
        LoopHost.finish(CompletableFuture.supplyAsync(
                () -> writeNow(
                        brick, record -> record.withDirtyBytes(dirtyBytes).withFingerprint(fingerprint)),
                thread));
    }

    private void write(UUID brick, UnaryOperator<LedgerRecord> change, Consumer<IoStatus> done) {
        try {
            thread.execute(() -> {
                IoStatus status = writeNow(brick, change);
                answer(done, status);
            });
        } catch (RejectedExecutionException e) {
            answer(done, IoStatus.SHUTDOWN);
        }
    }

    private IoStatus writeNow(UUID brick, UnaryOperator<LedgerRecord> change) {
        try {
            ledger.update(brick, change);
            if (failing) {
                failing = false;
                LOG.info("The record {} can be written again", ledger.file(brick));
            }
            return IoStatus.OK;
        } catch (IOException | RuntimeException e) {
            if (!failing) {
                failing = true;
                LOG.error(
                        "The record {} cannot be written: {}; no brick may become dirty until it can, see to the state"
                                + " directory",
                        ledger.file(brick),
                        Failures.message(e));
            }
            return IoStatus.IO_ERROR;
        }
    }

    private void answer(Consumer<IoStatus> done, IoStatus status) {
        try {
            loop.execute(() -> done.accept(status));
        } catch (RejectedExecutionException e) {
            LOG.debug("The loop has ended before it heard of its ledger", e);
        }
    }

    /** Writes what it was asked to, in the background. */
    @Override
    public void close() {
        thread.shutdown();
    }
}
