package io.brickcache.nbd.transmission;

import io.brickcache.block.IoBuffer;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledDirectByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * An {@link IoBuffer} as the socket sees it. One is made per buffer and used again each time the buffer carries an
 * answer or is filled: lending gives it one reference; when the last is gone, the owner is told to take the buffer back.
 */
final class PayloadView extends UnpooledDirectByteBuf {

    private final IoBuffer buffer;
    private @Nullable Owner owner;
    /** The socket may use no more than what comes before this; 0 until it is lent. */
    private int end;

    /** Gets the buffer back when the socket is done with its bytes, or has dropped them. */
    interface Owner {
        void returned(IoBuffer buffer);
    }

    private PayloadView(IoBuffer buffer) {
        super(UnpooledByteBufAllocator.DEFAULT, buffer.bytes(0, buffer.capacity()), buffer.capacity());
        this.buffer = buffer;
    }

    /** The bytes [from, from+length) of the buffer, readable, with one reference. */
    static PayloadView lend(IoBuffer buffer, int from, int length, Owner owner) {
        PayloadView view = of(buffer, from + length, owner);
        view.setIndex(from, from + length);
        return view;
    }

    /** The bytes [from, from+length) of the buffer, to be written to, with one reference. */
    static PayloadView toFill(IoBuffer buffer, int from, int length, Owner owner) {
        PayloadView view = of(buffer, from + length, owner);
        view.setIndex(from, from);
        return view;
    }

    private static PayloadView of(IoBuffer buffer, int end, Owner owner) {
        PayloadView view = (PayloadView) buffer.view();
        if (view == null) {
            view = new PayloadView(buffer);
            buffer.attachView(view);
        } else {
            view.resetRefCnt();
        }
        view.end = end;
        view.owner = owner;
        return view;
    }

    @Override
    public int capacity() {
        return end == 0 ? super.capacity() : end;
    }

    @Override
    protected void deallocate() {
        Owner last = owner;
        owner = null;
        if (last != null) {
            last.returned(buffer);
        }
    }
}
