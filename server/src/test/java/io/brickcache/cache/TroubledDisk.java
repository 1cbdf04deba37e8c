package io.brickcache.cache;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import java.util.ArrayDeque;
import java.util.Deque;

/** A disk whose syncs hang or fail as long as a test wants it. */
final class TroubledDisk extends DiskAbove {

    enum Trouble {
        NONE,
        SYNCS_HANG,
        SYNCS_FAIL
    }

    private final Deque<IoRequest> hanging = new ArrayDeque<>();
    private Trouble trouble = Trouble.NONE;

    TroubledDisk(BlockDevice inner) {
        super(inner);
    }

    /** Ends one trouble and begins another; syncs that hang go on. */
    void set(Trouble newTrouble) {
        trouble = newTrouble;
        IoRequest request;
        while (trouble != Trouble.SYNCS_HANG && (request = hanging.poll()) != null) {
            submit(request);
        }
    }

    @Override
    public void submit(IoRequest request) {
        if (request.op() != IoOp.FLUSH || trouble == Trouble.NONE) {
            inner.submit(request);
        } else if (trouble == Trouble.SYNCS_HANG) {
            hanging.add(request);
        } else {
            request.completed(IoStatus.IO_ERROR);
        }
    }
}
