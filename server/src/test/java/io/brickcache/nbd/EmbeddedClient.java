package io.brickcache.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.BufferPool;
import io.brickcache.env.ListenAddress;
import io.brickcache.nbd.handshake.Export;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;

/** The server's handlers without sockets, threads or time, with one export "brick" on a {@link MemoryDevice}. */
public final class EmbeddedClient {

    public static final int SIZE = 8 << 20;

    private static final int GO = 7;

    public final MemoryDevice device;
    public final BufferPool pool;
    public final Exports exports = new Exports();
    public final EmbeddedChannel channel = new EmbeddedChannel(false, false);
    public final NbdConnections connections;

    public EmbeddedClient() {
        this(MemoryDevice.ofSize(SIZE), new BufferPool(1 << 20));
    }

    public EmbeddedClient(MemoryDevice device, BufferPool pool) {
        this.device = device;
        this.pool = pool;
        NbdOptions options =
                NbdOptions.insecure(ListenAddress.parse("tcp:127.0.0.1:0")).withMaxConnections(4);
        connections = new NbdConnections(options, exports);
    }

    /** Connects, and takes the greeting. */
    public EmbeddedClient connect() throws Exception {
        channel.pipeline().addLast(connections);
        channel.register();
        channel.freezeTime();
        exports.add(new Export("brick", "a brick", device, pool, channel.eventLoop()));
        channel.runPendingTasks();
        assertThat(received())
                .isEqualTo(Bytes.of().ascii("NBDMAGICIHAVEOPT").u16(3).array());
        return this;
    }

    /** Connects and agrees on fixed newstyle and no zeroes. */
    public EmbeddedClient negotiate() throws Exception {
        return connect().send(Bytes.of().u32(3).array());
    }

    /** Up to the transmission phase, with simple replies. */
    public EmbeddedClient simple() throws Exception {
        negotiate().send(go());
        received();
        return this;
    }

    /** Up to the transmission phase, with structured replies and both contexts. */
    public EmbeddedClient structured() throws Exception {
        negotiate().send(Bytes.option(8, new byte[0]));
        send(Bytes.option(
                10,
                Bytes.of()
                        .string("brick")
                        .u32(2)
                        .string("base:allocation")
                        .string("brickcache:residency")
                        .array()));
        send(go());
        received();
        return this;
    }

    public static byte[] go() {
        return Bytes.option(GO, Bytes.of().string("brick").u16(0).array());
    }

    public EmbeddedClient send(byte[]... parts) {
        channel.writeInbound(Unpooled.directBuffer().writeBytes(Bytes.join(parts)));
        channel.runPendingTasks();
        return this;
    }

    /** Everything the server has sent since the last call. */
    public byte[] received() {
        channel.runPendingTasks();
        Bytes all = Bytes.of();
        ByteBuf next;
        while ((next = channel.readOutbound()) != null) {
            byte[] bytes = new byte[next.readableBytes()];
            next.readBytes(bytes);
            next.release();
            all.raw(bytes);
        }
        channel.runPendingTasks();
        return all.array();
    }

    public boolean isClosed() {
        channel.runPendingTasks();
        return !channel.isOpen();
    }

    /** Leaves; nothing may be left behind. */
    public void close() {
        assertThat(channel.close().isDone()).isTrue();
        device.releaseAll();
        channel.runPendingTasks();
        received();
        device.verify();
        assertThat(pool.usedBytes()).as("bytes of the pool still in use").isZero();
        assertThat(connections.count()).isZero();
        assertThat(connections.countByExport()).isEmpty();
    }
}
