package io.brickcache.nbd.transmission;

import io.brickcache.block.IoBuffer;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledDirectByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * An {@link IoBuffer} as the socket sees it. One is made per buffer and used again each time the buffer carries an
 * answer: {@link #lend} gives it one reference; when the last is gone, the owner is told to take the buffer back.
 */
final class PayloadView extends UnpooledDirectByteBuf {

    private final IoBuffer buffer;
    private @Nullable Owner owner;

    /** Gets the buffer back when its bytes have been written or dropped. */
    interface Owner {
        void returned(IoBuffer buffer);
    }

    private PayloadView(IoBuffer buffer) {
        super(UnpooledByteBufAllocator.DEFAULT, buffer.bytes(0, buffer.capacity()), buffer.capacity());
        this.buffer = buffer;
    }

    /** The bytes [from, from+length) of the buffer, readable, with one reference. */
    static PayloadView lend(IoBuffer buffer, int from, int length, Owner owner) {
        PayloadView view = (PayloadView) buffer.view();
        if (view == null) {
            view = new PayloadView(buffer);
            buffer.attachView(view);
        } else {
            view.resetRefCnt();
        }
        view.setIndex(from, from + length);
        view.owner = owner;
        return view;
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
