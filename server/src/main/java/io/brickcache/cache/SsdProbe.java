package io.brickcache.cache;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.MetadataException;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whether the data area works: reads the superblock, writes a place behind it that holds nothing, syncs, and
 * reads it back. Nothing is written before the superblock was found to be this cache's.
 */
final class SsdProbe extends IoRequest implements BufferPool.Waiter {

    private static final int BYTES = SsdLayout.PROBE_OFFSET + SsdLayout.PROBE_BYTES;
    private static final long MIX = 0x9E37_79B9_7F4A_7C15L;

    /** What a probe has found. */
    enum Finding {
        GOOD,
        /** It can be read, but not written and synced. */
        UNWRITABLE,
        UNREADABLE,
        /** It is another area, or none. */
        FOREIGN
    }

    private enum Step {
        LOOK,
        WRITE,
        SYNC,
        COMPARE
    }

    private final CacheCore core;
    private final Consumer<Finding> done;
    private @Nullable IoBuffer buffer;
    private Step step = Step.LOOK;
    private long number;
    private String detail = "";

    SsdProbe(CacheCore core, Consumer<Finding> done) {
        this.core = core;
        this.done = done;
    }

    /** Begins a probe; the one before has ended. */
    void start() {
        number++;
        IoBuffer memory = core.merging.tryAllocate(BYTES);
        if (memory == null) {
            core.merging.whenAvailable(this);
        } else {
            available(memory);
        }
    }

    /** What is wrong with the area, for people. */
    String detail() {
        return detail;
    }

    @Override
    public int bytesWanted() {
        return BYTES;
    }

    @Override
    public void available(IoBuffer memory) {
        buffer = memory;
        step = Step.LOOK;
        read();
    }

    private void read() {
        prepare(IoOp.READ, 0, BYTES, 0, memory(), 0);
        core.ssd.submit(this);
    }

    @Override
    public void completed(IoStatus status) {
        switch (step) {
            case LOOK -> looked(status);
            case WRITE -> {
                step = Step.SYNC;
                if (status.isOk()) {
                    prepareFlush();
                    core.ssd.submit(this);
                } else {
                    finish(Finding.UNWRITABLE, "it cannot be written");
                }
            }
            case SYNC -> {
                step = Step.COMPARE;
                if (status.isOk()) {
                    read();
                } else {
                    finish(Finding.UNWRITABLE, "it cannot be synced");
                }
            }
            case COMPARE -> {
                if (!status.isOk()) {
                    finish(Finding.UNREADABLE, "it cannot be read");
                } else if (isWritten()) {
                    finish(Finding.GOOD, "");
                } else {
                    finish(Finding.UNWRITABLE, "it does not keep what is written");
                }
            }
        }
    }

    private void looked(IoStatus status) {
        if (!status.isOk()) {
            finish(Finding.UNREADABLE, "it cannot be read");
            return;
        }
        byte[] superblock = new byte[SsdLayout.SUPERBLOCK_BYTES];
        memory().bytes().get(0, superblock);
        try {
            core.layout.check(ByteBuffer.wrap(superblock), core.ssd.name());
        } catch (MetadataException e) {
            finish(Finding.FOREIGN, e.getMessage());
            return;
        }
        step = Step.WRITE;
        for (int at = 0; at < SsdLayout.PROBE_BYTES; at += Long.BYTES) {
            memory().bytes().putLong(SsdLayout.PROBE_OFFSET + at, word(at));
        }
        prepare(IoOp.WRITE, SsdLayout.PROBE_OFFSET, SsdLayout.PROBE_BYTES, 0, memory(), SsdLayout.PROBE_OFFSET);
        core.ssd.submit(this);
    }

    private boolean isWritten() {
        for (int at = 0; at < SsdLayout.PROBE_BYTES; at += Long.BYTES) {
            if (memory().bytes().getLong(SsdLayout.PROBE_OFFSET + at) != word(at)) {
                return false;
            }
        }
        return true;
    }

    /** Another content at every probe and place. */
    private long word(int at) {
        return (number << 32 | at) * MIX;
    }

    private IoBuffer memory() {
        return Required.of(buffer);
    }

    private void finish(Finding finding, @Nullable String what) {
        detail = String.valueOf(what);
        memory().release();
        buffer = null;
        done.accept(finding);
    }
}
