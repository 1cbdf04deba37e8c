package io.brickcache.nbd.transmission;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Names the memory into which a socket is read next: that of the WRITE whose payload is coming, if it is a large one, so that
 * nobody copies it; else a buffer of the socket's allocator, of a size adapted to what came before. One for each channel,
 * used on the channel's loop.
 */
public final class PayloadReceiver implements RecvByteBufAllocator {

    private static final int MIN_READ_BYTES = 512;
    private static final int FIRST_READ_BYTES = 16 << 10;
    /** A large WRITE arrives behind others; what has come of it with them is copied. */
    private static final int MAX_READ_BYTES = 64 << 10;

    private final AdaptiveRecvByteBufAllocator adaptive =
            new AdaptiveRecvByteBufAllocator(MIN_READ_BYTES, FIRST_READ_BYTES, MAX_READ_BYTES);
    private Supplier<? extends @Nullable ByteBuf> payload = () -> null;

    /** {@code payload} is asked before each read; what it gives is written to, handed on or not, and released. */
    void payload(Supplier<? extends @Nullable ByteBuf> payload) {
        this.payload = payload;
    }

    @Override
    @SuppressWarnings("deprecation") // for those who implement it, too
    public Handle newHandle() {
        return new Reader((ExtendedHandle) adaptive.newHandle());
    }

    private final class Reader extends DelegatingHandle implements ExtendedHandle {

        private final ExtendedHandle adapted;

        Reader(ExtendedHandle adapted) {
            super(adapted);
            this.adapted = adapted;
        }

        @Override
        public ByteBuf allocate(ByteBufAllocator allocator) {
            ByteBuf place = payload.get();
            return place == null ? adapted.allocate(allocator) : place;
        }

        @Override
        public boolean continueReading(UncheckedBooleanSupplier maybeMore) {
            return adapted.continueReading(maybeMore);
        }
    }
}
