package io.brickcache.sim;

import io.brickcache.block.ExtentsRequest;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import org.jspecify.annotations.Nullable;

/** Asks for a description of a range and checks it: what is said to be zeroes must be allowed to be. */
final class ClientExtents extends ExtentsRequest implements ClientWork {

    private final Client client;
    private final int brick;
    private final Client.@Nullable Pump pump;
    private final DiskModel model;
    private final DiskModel.Read read;

    ClientExtents(Client client, int brick, Client.@Nullable Pump pump, DiskModel model, long offset, long length) {
        this.client = client;
        this.brick = brick;
        this.pump = pump;
        this.model = model;
        this.read = model.submitRead(offset, (int) length);
    }

    @Override
    public int brick() {
        return brick;
    }

    @Override
    public IoRequest request() {
        return this;
    }

    @Override
    public void completed(IoStatus status) {
        client.ended(this, status);
        if (status.isOk()) {
            check();
        }
        model.readFailed(read);
        if (pump != null) {
            pump.oneEnded();
        }
    }

    private void check() {
        long left = length();
        if (count() == 0) {
            throw new AssertionError(this + " is not described");
        }
        for (int i = 0; i < count() && left > 0; i++) {
            long described = Math.min(left, extentLength(i));
            int state = extentState(i);
            boolean known = context() == Context.ALLOCATION
                    ? (state & ~(HOLE | ZERO)) == 0
                    : state == NOT_CACHED || state == CLEAN || state == DIRTY;
            if (!known || described <= 0) {
                throw new AssertionError(this + " is described by " + described + " bytes in state " + state);
            }
            if (context() == Context.ALLOCATION && (state & ZERO) != 0) {
                model.zeroesToldAt(read, offset() + length() - left, described);
            }
            client.saw(described * 4 + state);
            left -= described;
        }
    }

    @Override
    public void abandon() {
        // It has no memory.
    }

    @Override
    public String toString() {
        return "b" + brick + " " + context() + " " + super.toString();
    }
}
