package io.brickcache.cache;

import io.brickcache.block.BufferShare;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.policy.ReadAround;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Reads around what a client's read misses: the blocks of its cluster before and after it, in I/Os of their own on either
 * side, so that the answer waits for what was asked for alone. They go into probation if there is room, and nothing waits
 * for memory. A read that misses what is being read around waits for that instead of positioning the disk again.
 */
final class Neighbourhood {

    /** Two for each read under way of a busy client; bounds the search for what is being read. */
    private static final int MAX_UNDER_WAY = 64;

    private final CacheCore core;
    private final CachedBrick brick;
    private final ReadAround choice;
    private final BufferShare memory;
    private final int windowShift;
    private final List<Reading> underWay = new ArrayList<>(MAX_UNDER_WAY);
    private final Deque<Reading> spare = new ArrayDeque<>();
    private final List<ReadOp> waiting = new ArrayList<>();

    /** Blocks being read around. */
    private static final class Reading extends IoRequest {
        @Nullable
        IoBuffer memory;

        long first;
        long last;

        @Override
        public void completed(IoStatus status) {
            // It is advice: an error is for who asks for the block.
            Required.of(memory).release();
            memory = null;
        }
    }

    Neighbourhood(CacheCore core, CachedBrick brick) {
        this.core = core;
        this.brick = brick;
        this.memory = new BufferShare(core.around, Cache.AROUND_BYTES / 2);
        this.choice = new ReadAround(core.shape.blockShift(), core.policy.probationSlots());
        this.windowShift = Integer.numberOfTrailingZeros(choice.windowBlocks());
    }

    /** A client reads; {@code missing} says which blocks of the part the disk has to give. */
    void read(Part part, IntPredicate missing) {
        boolean headIsThere = brick.head().reaches(part.offset());
        int i = 0;
        while (i < part.blocks()) {
            long window = part.firstBlock() + i >> windowShift;
            long asked = 0;
            long missed = 0;
            for (; i < part.blocks() && part.firstBlock() + i >> windowShift == window; i++) {
                long bit = 1L << (part.firstBlock() + i & choice.windowBlocks() - 1);
                asked |= bit;
                if (missing.test(i)) {
                    missed |= bit;
                }
            }
            choice.read(window, asked, missed, headIsThere);
            headIsThere = false;
        }
    }

    /** Reads the blocks of the cluster before those of the part, the first of which that misses is {@code firstMiss}. */
    void readBefore(Part part, int firstMiss) {
        long cluster = part.firstBlock() + firstMiss & -clusterBlocks();
        start(cluster, part.firstBlock() - 1);
    }

    /** Reads the blocks of the cluster after those of the part, the last of which that misses is {@code lastMiss}. */
    void readAfter(Part part, int lastMiss) {
        long cluster = part.firstBlock() + lastMiss | clusterBlocks() - 1;
        long lastOfBrick = brick.geometry().sizeBytes() - 1 >> core.shape.blockShift();
        start(part.lastBlock() + 1, Math.min(cluster, lastOfBrick));
    }

    private int clusterBlocks() {
        int fixedBytes = core.heuristics.clusterBytes();
        return fixedBytes == 0 ? choice.clusterBlocks() : fixedBytes >> core.shape.blockShift();
    }

    private void start(long from, long to) {
        long first = from;
        long last = to;
        while (first <= last && core.find(brick, first) >= 0) {
            first++;
        }
        while (last >= first && core.find(brick, last) >= 0) {
            last--;
        }
        if (first > last || underWay.size() == MAX_UNDER_WAY || !core.copiesReads() || isUnderWay(first, last)) {
            return;
        }
        int bytes = (int) (last - first + 1) << core.shape.blockShift();
        IoBuffer buffer = memory.tryAllocate(bytes);
        if (buffer == null) {
            return;
        }
        Reading reading = spare.isEmpty() ? new Reading() : spare.pop();
        reading.memory = buffer;
        reading.first = first;
        reading.last = last;
        underWay.add(reading);
        long offset = first << core.shape.blockShift();
        int length = (int) Math.min(bytes, brick.geometry().sizeBytes() - offset);
        Parts parts = core.takeParts();
        brick.opStarted();
        parts.start(brick, reading);
        brick.opStarted();
        ReadOp op = core.takeRead();
        op.part().set(brick, parts, buffer, 0, first, 0, length);
        op.startAround();
    }

    /** A block that was read around is in the cache. */
    void promoted(long block) {
        choice.readAlong(block);
    }

    /** The blocks of {@code op} that were read around are in the cache, or will not be. */
    void finished(Part part) {
        for (int i = 0; i < underWay.size(); i++) {
            if (underWay.get(i).first == part.firstBlock()) {
                spare.push(underWay.remove(i));
                break;
            }
        }
        for (int i = 0; i < waiting.size(); ) {
            if (isUnderWay(waiting.get(i).part())) {
                i++;
            } else {
                core.loop.execute(waiting.remove(i).resumption());
            }
        }
    }

    /** True if the op has to wait for blocks that are being read around; it is resumed. */
    boolean delays(ReadOp op) {
        if (underWay.isEmpty() || !isUnderWay(op.part())) {
            return false;
        }
        waiting.add(op);
        return true;
    }

    /** Behind the last block of the part that is being read around: its index in the part. */
    int endOfReading(Part part) {
        long end = part.firstBlock();
        for (int i = 0; i < underWay.size(); i++) {
            Reading reading = underWay.get(i);
            if (reading.first <= part.lastBlock() && reading.last >= end) {
                end = Math.min(reading.last, part.lastBlock()) + 1;
            }
        }
        return (int) (end - part.firstBlock());
    }

    private boolean isUnderWay(Part part) {
        return isUnderWay(part.firstBlock(), part.lastBlock());
    }

    private boolean isUnderWay(long first, long last) {
        for (int i = 0; i < underWay.size(); i++) {
            if (underWay.get(i).first <= last && underWay.get(i).last >= first) {
                return true;
            }
        }
        return false;
    }

    /** Nothing is under way and nobody waits. */
    boolean isQuiet() {
        return underWay.isEmpty() && waiting.isEmpty();
    }
}
