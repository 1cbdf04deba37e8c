package io.brickcache.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SystemdNotifierTest {

    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final BlockingQueue<String> received = new LinkedBlockingQueue<>();

    @AfterEach
    void closeSocket() {
        group.shutdownGracefully(0, 0, TimeUnit.SECONDS).syncUninterruptibly();
    }

    @Test
    void shouldSendEveryMessageWhenTheSocketIsAPath(@TempDir Path directory) throws Exception {
        String path = directory.resolve("notify").toString();
        listen(path);
        SystemdNotifier systemd = SystemdNotifier.fromEnvironment(Map.of("NOTIFY_SOCKET", path));

        systemd.status("loading\n 40 %");
        systemd.extendTimeout(5_000_000);
        systemd.ready();
        systemd.watchdog();
        systemd.stopping();

        for (String expected : new String[] {
            "STATUS=loading 40 %", "EXTEND_TIMEOUT_USEC=5000000", "READY=1", "WATCHDOG=1", "STOPPING=1"
        }) {
            assertThat(received.poll(30, TimeUnit.SECONDS)).isEqualTo(expected);
        }
    }

    @Test
    void shouldSendWhenTheSocketIsAbstract() throws Exception {
        String name = "brickcache-test-" + UUID.randomUUID();
        listen("\0" + name);

        SystemdNotifier.fromEnvironment(Map.of("NOTIFY_SOCKET", "@" + name)).ready();

        assertThat(received.poll(30, TimeUnit.SECONDS)).isEqualTo("READY=1");
    }

    @Test
    void shouldDoNothingWhenNobodyListens(@TempDir Path directory) {
        SystemdNotifier.fromEnvironment(Map.of()).ready();
        SystemdNotifier.fromEnvironment(
                        Map.of("NOTIFY_SOCKET", directory.resolve("nobody").toString()))
                .ready();
        SystemdNotifier.fromEnvironment(Map.of("NOTIFY_SOCKET", "vsock:2:1234")).ready();
        assertThat(received).isEmpty();
    }

    @Test
    void shouldKnowTheWatchdogWhenItIsMeantForThisProcess() {
        String pid = Long.toString(ProcessHandle.current().pid());
        Map<String, String> own = Map.of("NOTIFY_SOCKET", "/x", "WATCHDOG_USEC", "30000000", "WATCHDOG_PID", pid);
        Map<String, String> others = Map.of("NOTIFY_SOCKET", "/x", "WATCHDOG_USEC", "30000000", "WATCHDOG_PID", "1");

        assertThat(SystemdNotifier.fromEnvironment(own).watchdogUs()).hasValue(30_000_000);
        assertThat(SystemdNotifier.fromEnvironment(others).watchdogUs()).isEmpty();
        assertThat(SystemdNotifier.fromEnvironment(Map.of("NOTIFY_SOCKET", "/x"))
                        .watchdogUs())
                .isEmpty();
    }

    private void listen(String address) {
        new Bootstrap()
                .group(group)
                .channel(EpollDomainDatagramChannel.class)
                .handler(new SimpleChannelInboundHandler<DomainDatagramPacket>() {
                    @Override
                    protected void channelRead0(ChannelHandlerContext context, DomainDatagramPacket packet) {
                        received.add(packet.content().toString(StandardCharsets.UTF_8));
                    }
                })
                .bind(new DomainSocketAddress(address))
                .syncUninterruptibly();
    }
}
