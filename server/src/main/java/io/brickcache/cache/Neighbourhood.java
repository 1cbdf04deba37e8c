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
import org.jspecify.annotations.Nullable;

/**
 * Reads around what a client's read misses: the blocks of its cluster before and after it, in I/Os of their own on either
 * side, so that the answer waits for what was asked for alone. They go into probation if there is room, and nothing waits
 * for memory. A read that misses what is being read into the cache, around or for another client, waits for that instead of
 * positioning the disk again.
 */
final class Neighbourhood {

    /** Two for each read under way of a busy client; bounds the search for what is being read. */
    private static final int MAX_UNDER_WAY = 64;

    /** Of the slots that are free when nothing happens, so many times the floor below which no copies are made are above it. */
    private static final int MOST_OF_FLOOR = 3;

    private final CacheCore core;
    private final CachedBrick brick;
    private final ReadAround choice;
    private final BufferShare memory;
    private final int blockGrains;
    private final int grainUnits;
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
        this.choice = new ReadAround(
                core.shape.blockShift(), core.policy.probationSlots(), MOST_OF_FLOOR * core.freePool.copiesFloor());
        this.blockGrains = core.shape.blockBytes() / ReadAround.GRAIN_BYTES;
        this.grainUnits = ReadAround.GRAIN_BYTES / core.shape.unitBytes();
    }

    /** A client reads. */
    void read(ReadOp op) {
        Part part = op.part();
        boolean headIsThere = brick.head().reaches(part.offset());
        int i = 0;
        while (i < part.blocks()) {
            long window = part.offset(i) / ReadAround.WINDOW_BYTES;
            long asked = 0;
            long missed = 0;
            for (; i < part.blocks() && part.offset(i) / ReadAround.WINDOW_BYTES == window; i++) {
                int at = firstGrain(part.firstBlock() + i);
                asked |= grains(core.shape.cover(part.fromIn(i), part.toIn(i))) << at;
                missed |= grains(op.missingUnits(i)) << at;
            }
            choice.read(window, asked, missed, headIsThere);
            headIsThere = false;
        }
    }

    /** Where the block begins in its window, in grains. */
    private int firstGrain(long block) {
        return (int) (block * blockGrains) & Long.SIZE - 1;
    }

    /** Grains of a block of which there is a unit. */
    private long grains(long units) {
        if (units == core.shape.fullMask()) {
            return (1L << blockGrains) - 1;
        }
        long grains = 0;
        for (long rest = units; rest != 0; ) {
            int grain = Long.numberOfTrailingZeros(rest) / grainUnits;
            grains |= 1L << grain;
            rest &= -1L << grain * grainUnits << grainUnits - 1 << 1;
        }
        return grains;
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

    /** What to read of the neighbourhood; see {@link ReadAround#clusterBytes}. 0: not a byte more than what is asked for. */
    int clusterBytes() {
        if (brick.regret().isSparingAll()) {
            return 0;
        }
        int fixedBytes = core.heuristics.clusterBytes();
        return fixedBytes == 0 ? choice.clusterBytes() : fixedBytes;
    }

    private int clusterBlocks() {
        return Math.max(1, clusterBytes() >> core.shape.blockShift());
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

    /** Units of a block have been read into the cache. */
    void promoted(long block, long units) {
        long window = block * blockGrains / Long.SIZE;
        choice.readAlong(window, grains(units) << firstGrain(block));
    }

    /** The blocks of {@code op} that were read around are in the cache, or will not be. */
    void finished(Part part) {
        for (int i = 0; i < underWay.size(); i++) {
            if (underWay.get(i).first == part.firstBlock()) {
                spare.push(underWay.remove(i));
                break;
            }
        }
        resumeWaiting();
    }

    /** What a client's read took from the disk is in the cache, or will not be. */
    void promotionEnded() {
        resumeWaiting();
    }

    private void resumeWaiting() {
        for (int i = 0; i < waiting.size(); ) {
            if (isUnderWay(waiting.get(i))) {
                i++;
            } else {
                core.loop.execute(waiting.remove(i).resumption());
            }
        }
    }

    /** True if the op has to wait for blocks that are being read, around or for another client; it is resumed. */
    boolean delays(ReadOp op) {
        if (!isUnderWay(op)) {
            return false;
        }
        waiting.add(op);
        return true;
    }

    /** Behind the last block of the op's part that is being read into the cache: its index in the part. */
    int endOfReading(ReadOp op) {
        Part part = op.part();
        long end = part.firstBlock();
        for (int i = 0; i < underWay.size(); i++) {
            Reading reading = underWay.get(i);
            if (reading.first <= part.lastBlock() && reading.last >= end) {
                end = Math.min(reading.last, part.lastBlock()) + 1;
            }
        }
        if (core.copiesReads()) {
            end = Math.max(end, brick.promotions().endOfReading(op));
        }
        return (int) (end - part.firstBlock());
    }

    private boolean isUnderWay(ReadOp op) {
        return endOfReading(op) > 0;
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
