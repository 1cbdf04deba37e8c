package io.brickcache.cache;

import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.RequestQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The writes of one brick that are answered and not at rest: the SSD is being given them, or, when it failed, the disk. Until
 * then reads and descriptions of the same bytes wait for them, and so does a FLUSH; other writes wait at their {@link Gates}.
 * Who came before a write was answered does not wait for it, so nobody waits for ever.
 *
 * <p>Such a write is as safe as any other that is not flushed: its slots become durable with the next commit. If neither the
 * SSD nor the disk takes it, it is lost ({@link LostBlocks#notWritten}), and the FLUSHes that wait, or else the next one, fail.
 *
 * <p>A request that waits is kept with the newest write that it waits for; when that has ended, with the newest of the older
 * ones; when there is none, it begins.
 */
final class WritesBehind {

    /** At a time: more in its queue makes no SSD faster, and reads slower. */
    static final int MAX = 32;

    private final Consumer<IoRequest> begin;
    private final PlantedBug bug;
    private final RequestQueue ready = new RequestQueue();
    private @Nullable Parts newest;
    private int count;
    private int flushesWaiting;
    private boolean failed;

    /**
     * Nothing is behind.
     *
     * @param begin hears of requests that have waited long enough
     */
    WritesBehind(Consumer<IoRequest> begin, PlantedBug bug) {
        this.begin = begin;
        this.bug = bug;
    }

    /** True if the write may be answered now; {@link #ended} follows. */
    boolean takes(Parts write) {
        if (count == MAX) {
            return false;
        }
        count++;
        write.newer = null;
        write.older = newest;
        if (newest != null) {
            newest.newer = write;
        }
        newest = write;
        return true;
    }

    boolean isEmpty() {
        return newest == null;
    }

    /** True if the request has to wait, and is kept. */
    boolean delays(IoRequest request) {
        return newest != null
                && switch (request.op()) {
                    case READ, EXTENTS -> bug != PlantedBug.READS_PAST_WRITES_BEHIND && follows(request, newest);
                    case FLUSH -> bug != PlantedBug.FLUSHES_PAST_WRITES_BEHIND && follows(request, newest);
                    case WRITE, TRIM, WRITE_ZEROES, CACHE -> false;
                };
    }

    /** Keeps the request with the newest write that it waits for, of this one and the older ones. */
    private boolean follows(IoRequest request, @Nullable Parts write) {
        for (Parts other = write; other != null; other = other.older) {
            if (request.op() == IoOp.FLUSH || overlap(request, other.request())) {
                other.followers.add(request);
                flushesWaiting += request.op() == IoOp.FLUSH ? 1 : 0;
                return true;
            }
        }
        return false;
    }

    private static boolean overlap(IoRequest one, IoRequest other) {
        return one.offset() < other.offset() + other.length() && other.offset() < one.offset() + one.length();
    }

    /** The write is in its slots or on the disk, or lost. */
    void ended(Parts write, IoStatus status) {
        failed |= !status.isOk();
        count--;
        Parts older = write.older;
        Parts newer = write.newer;
        write.older = null;
        write.newer = null;
        if (older != null) {
            older.newer = newer;
        }
        if (newer == null) {
            newest = older;
        } else {
            newer.older = older;
        }
        IoRequest follower;
        while ((follower = write.followers.poll()) != null) {
            flushesWaiting -= follower.op() == IoOp.FLUSH ? 1 : 0;
            if (!follows(follower, older)) {
                ready.add(follower);
            }
        }
        while ((follower = ready.poll()) != null) {
            begin.accept(follower);
        }
    }

    /** True if the FLUSH that begins has to be told that an answered write is lost. */
    boolean tellsFailure() {
        boolean tells = failed;
        failed &= flushesWaiting > 0;
        return tells;
    }
}
