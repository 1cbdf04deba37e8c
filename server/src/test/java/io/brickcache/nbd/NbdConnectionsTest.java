package io.brickcache.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.BufferPool;
import io.brickcache.env.ListenAddress;
import io.brickcache.nbd.handshake.Export;
import io.brickcache.nbd.handshake.ExportDirectory;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class NbdConnectionsTest {

    private final MemoryDevice device = MemoryDevice.ofSize(1 << 20);
    private final BufferPool pool = new BufferPool(1 << 20);

    /** Answers each look-up with the next of what it was given, then with nothing. */
    private static final class Vanishing implements ExportDirectory {

        private final Deque<Export> answers = new ArrayDeque<>();

        @Override
        public List<Export> list() {
            return List.copyOf(answers);
        }

        @Override
        public @Nullable Export find(String name) {
            return answers.poll();
        }
    }

    @Test
    void shouldCloseWithoutTouchingDeviceWhenExportVanishesDuringHandshake() {
        Vanishing exports = new Vanishing();
        EmbeddedChannel channel = connect(exports);
        exports.answers.add(new Export("brick", "", device, pool, channel.eventLoop()));

        choose(channel);

        assertThat(channel.isOpen()).isFalse();
        assertThat(device.log()).isEmpty();
        channel.finishAndReleaseAll();
    }

    @Test
    void shouldCloseWhenExportWasReplacedDuringHandshake() {
        Vanishing exports = new Vanishing();
        EmbeddedChannel channel = connect(exports);
        exports.answers.add(new Export("brick", "", device, pool, channel.eventLoop()));
        exports.answers.add(new Export("brick", "", MemoryDevice.ofSize(512), pool, channel.eventLoop()));

        choose(channel);

        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();
    }

    @Test
    void shouldServeWhenExportStays() {
        Vanishing exports = new Vanishing();
        EmbeddedChannel channel = connect(exports);
        Export export = new Export("brick", "", device, pool, channel.eventLoop());
        exports.answers.add(export);
        exports.answers.add(export);

        choose(channel);

        assertThat(channel.isOpen()).isTrue();
        assertThat(device.log()).hasSize(1);
        channel.finishAndReleaseAll();
        assertThat(pool.usedBytes()).isZero();
    }

    private static EmbeddedChannel connect(ExportDirectory exports) {
        NbdOptions options = NbdOptions.insecure(new ListenAddress.Tcp("127.0.0.1", 0));
        return new EmbeddedChannel(new NbdConnections(options, exports));
    }

    private static void choose(EmbeddedChannel channel) {
        channel.writeInbound(
                Unpooled.copiedBuffer(Bytes.of().u32(3).array(), EmbeddedClient.go(), Bytes.request(0, 0, 1, 0, 512)));
        channel.runPendingTasks();
    }
}
