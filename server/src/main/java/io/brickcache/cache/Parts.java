package io.brickcache.cache;

import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.RequestQueue;
import org.jspecify.annotations.Nullable;

/**
 * A request that was divided: answered when all its parts are done, and durable if it asked for that. Or before, if it is a
 * write {@linkplain WritesBehind behind}. Pooled.
 */
final class Parts implements CommitListener {

    private final CacheCore core;
    private @Nullable CachedBrick brick;
    private @Nullable IoRequest request;
    private int remaining;
    private int syncFailures;
    private boolean onDisk;
    /** A FLUSH is with {@link CachedBrick#flush}, which tries again by itself where that helps. */
    private boolean conclusive;

    private IoStatus status = IoStatus.OK;

    /** A write that is answered and not at rest: then these belong to {@link WritesBehind}. */
    private boolean behind;

    @Nullable
    Parts older;

    @Nullable
    Parts newer;

    final RequestQueue followers = new RequestQueue();

    Parts(CacheCore core) {
        this.core = core;
    }

    /** Begins with one part: the dividing itself. */
    void start(CachedBrick newBrick, IoRequest newRequest) {
        brick = newBrick;
        request = newRequest;
        remaining = 1;
        onDisk = false;
        conclusive = false;
        behind = false;
        status = IoStatus.OK;
    }

    /** A FLUSH: nothing but to be made durable. */
    void flush(CachedBrick newBrick, IoRequest newRequest) {
        start(newBrick, newRequest);
        if (newBrick.behind().tellsFailure()) {
            status = IoStatus.IO_ERROR;
        }
        if (core.rescue.awaits(newBrick) || newBrick.needsDiskSync()) {
            conclusive = true;
            newBrick.flush(this);
        } else {
            syncFailures = core.rescue.syncFailures();
            core.committer.commit(this);
        }
    }

    void add() {
        remaining++;
    }

    /** Some of it went to the disk, so that FUA has to sync that too. */
    void wentToDisk() {
        onDisk = true;
    }

    /** The SSD is being given {@code bytes} of a write, in one part: if that is all of it, the client may have its answer. */
    void answerEarly(int bytes) {
        IoRequest r = request();
        if (bytes == r.length()
                && r.has(IoRequest.BEHIND)
                && !r.has(IoRequest.FUA)
                && brick().behind().takes(this)) {
            behind = true;
            r.accepted();
        }
    }

    /** The client has been told that all is well. */
    boolean isBehind() {
        return behind;
    }

    /** One part is done; the first error of any is the request's. */
    void done(IoStatus partStatus) {
        status = status.and(partStatus);
        if (--remaining > 0) {
            return;
        }
        CachedBrick of = brick();
        IoRequest r = request();
        if (status.isOk() && r.has(IoRequest.FUA) && r.op().isMutation()) {
            makeDurable(of);
        } else {
            answer(status);
        }
    }

    private void makeDurable(CachedBrick of) {
        syncFailures = core.rescue.syncFailures();
        if (onDisk) {
            of.flush(this);
        } else if (core.rescue.awaits(of)) {
            core.rescue.flushWhenSettled(of, this);
        } else {
            core.committer.commit(this);
        }
    }

    @Override
    public void committed(IoStatus commitStatus) {
        if (!commitStatus.isOk() && !conclusive && syncFailures != core.rescue.syncFailures()) {
            // The SSD may have lost it, but it can go to the disk.
            conclusive = request().op() == IoOp.FLUSH;
            syncFailures = core.rescue.syncFailures();
            brick().flush(this);
            return;
        }
        answer(status.and(commitStatus));
    }

    private void answer(IoStatus result) {
        CachedBrick of = brick();
        IoRequest r = request();
        if (behind) {
            of.behind().ended(this, result);
        }
        brick = null;
        request = null;
        core.recycle(this);
        of.answer(r, result);
    }

    CachedBrick brick() {
        CachedBrick result = brick;
        if (result == null) {
            throw new IllegalStateException("the parts belong to no request");
        }
        return result;
    }

    IoRequest request() {
        IoRequest result = request;
        if (result == null) {
            throw new IllegalStateException("the parts belong to no request");
        }
        return result;
    }
}
