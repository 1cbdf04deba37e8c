package io.brickcache.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.env.ListenAddress;
import io.brickcache.env.ListenException;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The server on real sockets, on both transports. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class NbdServerTest {

    private static final int READ = 0;
    private static final int WRITE = 1;
    private static final int DISC = 2;
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    /** Races of the move between loops have shown themselves within some hundred. */
    private static final int CONNECTIONS = 300;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({
        "IO_URING, unix, near", "IO_URING, unix, far", "IO_URING, tcp, near", "IO_URING, tcp, far",
        "EPOLL, unix, near", "EPOLL, unix, far", "EPOLL, tcp, near", "EPOLL, tcp, far"
    })
    void shouldServeEveryConnectionWhenManyComeOneAfterTheOther(Transport transport, String socket, String export)
            throws Exception {
        try (ServerFixture fixture = new ServerFixture(transport, directory, 8)) {
            for (int i = 0; i < CONNECTIONS; i++) {
                try (SocketClient client = connect(fixture, socket)) {
                    byte[] data = Bytes.content(i * 1000L, 8192);
                    client.go(
                            export,
                            Bytes.request(0, READ, 1, 4096L * i, 4096),
                            Bytes.request(0, WRITE, 2, 32 << 20, 8192),
                            data);
                    List<byte[]> answers = new ArrayList<>();
                    answers.add(client.receive(16));
                    assertThat(answers.get(0)).isEqualTo(Bytes.simpleReply(0, 1));
                    assertThat(client.receive(4096)).isEqualTo(Bytes.content(4096L * i, 4096));
                    assertThat(client.receive(16)).isEqualTo(Bytes.simpleReply(0, 2));
                    client.send(Bytes.request(0, READ, 3, 32 << 20, 8192));
                    assertThat(client.receive(16)).isEqualTo(Bytes.simpleReply(0, 3));
                    assertThat(client.receive(8192)).isEqualTo(data);
                    client.send(Bytes.request(0, DISC, 4, 0, 0));
                    assertThat(client.isAtEnd()).isTrue();
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"IO_URING, unix", "IO_URING, tcp", "EPOLL, unix", "EPOLL, tcp"})
    void shouldCarryLargePayloadsWhenPeerIsSlow(Transport transport, String socket) throws Exception {
        int length = 16 << 20;
        try (ServerFixture fixture = new ServerFixture(transport, directory, 8);
                SocketClient client = connect(fixture, socket).go("far")) {
            byte[] data = Bytes.content(12345, length);
            client.send(Bytes.request(0, WRITE, 1, 512, length), data);
            assertThat(client.receive(16)).isEqualTo(Bytes.simpleReply(0, 1));

            for (int i = 0; i < 4; i++) {
                client.send(Bytes.request(0, READ, i, 512, length));
            }
            try (SocketClient other = connect(fixture, socket).go("far")) {
                other.send(Bytes.request(0, READ, 9, 32 << 20, 4096));
                assertThat(other.receive(16 + 4096))
                        .isEqualTo(Bytes.join(Bytes.simpleReply(0, 9), Bytes.content(32 << 20, 4096)));
            }
            for (int i = 0; i < 4; i++) {
                assertThat(client.receive(16)).isEqualTo(Bytes.simpleReply(0, i));
                assertThat(Arrays.equals(client.receive(length), data)).isTrue();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldLeakNothingWhenClientsVanish(Transport transport) throws Exception {
        try (ServerFixture fixture = new ServerFixture(transport, directory, 1024)) {
            for (int i = 0; i < 20; i++) {
                SocketClient client = SocketClient.unix(fixture.socket);
                client.go(i % 2 == 0 ? "far" : "near");
                for (int j = 0; j < 30; j++) {
                    client.send(Bytes.request(0, READ, j, 65536L * j, 65536));
                }
                client.send(Bytes.request(0, WRITE, 99, 0, 1 << 20), new byte[12345]);
                client.close();
            }
            for (int i = 0; i < CONNECTIONS; i++) {
                // Gone while the connection is on its way to the other loop, or before or after it.
                SocketClient client = SocketClient.unix(fixture.socket);
                client.send(
                        Bytes.of().u32(3).array(),
                        Bytes.option(7, Bytes.of().string("far").u16(0).array()),
                        Bytes.request(0, READ, 1, 0, 65536));
                if (i % 2 == 0) {
                    client.receive(18);
                }
                client.close();
            }
            try (SocketClient survivor = SocketClient.unix(fixture.socket).go("far")) {
                survivor.send(Bytes.request(0, READ, 1, 0, 512));
                assertThat(survivor.receive(16)).isEqualTo(Bytes.simpleReply(0, 1));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldEndOnlyItsConnectionsWhenExportIsDisconnected(Transport transport) throws Exception {
        try (ServerFixture fixture = new ServerFixture(transport, directory, 8);
                SocketClient leaving = SocketClient.unix(fixture.socket).go("far");
                SocketClient staying = SocketClient.tcp(fixture.port()).go("near")) {
            assertThat(fixture.server.connections().countByExport())
                    .containsEntry("far", 1)
                    .containsEntry("near", 1);
            fixture.exports.remove("far");

            fixture.server.disconnect("far").get(30, TimeUnit.SECONDS);

            assertThat(leaving.isAtEnd()).isTrue();
            assertThat(fixture.server.connections().countByExport()).containsOnlyKeys("near");
            staying.send(Bytes.request(0, READ, 1, 512, 512));
            assertThat(staying.receive(16 + 512))
                    .isEqualTo(Bytes.join(Bytes.simpleReply(0, 1), Bytes.content(512, 512)));
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldCloseEverybodyWhenStopped(Transport transport) throws Exception {
        try (ServerFixture fixture = new ServerFixture(transport, directory, 8);
                SocketClient transmitting = SocketClient.unix(fixture.socket).go("far");
                SocketClient negotiating = SocketClient.unix(fixture.socket)) {
            negotiating.receive(18);

            CompletableFuture<Void> stopped = fixture.server.stop();

            stopped.get(30, TimeUnit.SECONDS);
            assertThat(transmitting.isAtEnd()).isTrue();
            assertThat(negotiating.isAtEnd()).isTrue();
            assertThat(fixture.socket).doesNotExist();
            assertThatThrownBy(() -> SocketClient.unix(fixture.socket)).isInstanceOf(SocketException.class);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldRefuseConnectionWhenTooManyAreOpen(Transport transport) throws Exception {
        try (ServerFixture fixture = new ServerFixture(transport, directory, 1);
                SocketClient first = SocketClient.unix(fixture.socket).go("near")) {
            try (SocketClient second = SocketClient.unix(fixture.socket)) {
                assertThat(second.isAtEnd()).isTrue();
            }
            first.send(Bytes.request(0, READ, 1, 0, 512));
            assertThat(first.receive(16)).isEqualTo(Bytes.simpleReply(0, 1));
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldTakeOverSocketWhenNobodyAnswersOnIt(Transport transport) throws Exception {
        Path stale = directory.resolve("nbd.sock");
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(stale));
        }
        assertThat(stale).exists();

        try (ServerFixture fixture = new ServerFixture(transport, directory, 1);
                SocketClient client = SocketClient.unix(fixture.socket)) {
            assertThat(client.receive(8)).isEqualTo(Bytes.of().ascii("NBDMAGIC").array());
        }
    }

    @Test
    void shouldRefuseToStartWhenAddressIsTaken() throws Exception {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, Transport.EPOLL.ioHandlerFactory());
        Path taken = directory.resolve("taken.sock");
        Path file = Files.writeString(directory.resolve("file"), "not a socket");
        try (ServerSocketChannel alive = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            alive.bind(UnixDomainSocketAddress.of(taken));
            ListenAddress free = new ListenAddress.Unix(directory.resolve("free.sock"));

            assertThatThrownBy(() ->
                            server(group, free, new ListenAddress.Unix(taken)).start())
                    .isInstanceOf(ListenException.class)
                    .hasMessageContaining("taken.sock")
                    .hasMessageContaining("another service listens on the nbd socket");
            assertThat(directory.resolve("free.sock")).as("all or none").doesNotExist();
            assertThatThrownBy(() -> server(group, new ListenAddress.Unix(file)).start())
                    .isInstanceOf(ListenException.class)
                    .hasMessageContaining("not a socket");
            assertThat(file).exists();
        } finally {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldNameTheRemedyWhenAPortIsTakenOrAnAddressIsNotOfThisMachine(Transport transport) throws Exception {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, transport.ioHandlerFactory());
        try (ServerSocket alive = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            ListenAddress taken = new ListenAddress.Tcp("127.0.0.1", alive.getLocalPort());
            // Of a network that is reserved for documentation.
            ListenAddress foreign = new ListenAddress.Tcp("192.0.2.1", 0);

            assertThatThrownBy(() -> new NbdServer(NbdOptions.insecure(taken), transport, group, new Exports()).start())
                    .isInstanceOf(ListenException.class)
                    .hasMessageContaining("cannot listen on " + taken + ": the port is in use; stop who listens there");
            assertThatThrownBy(
                            () -> new NbdServer(NbdOptions.insecure(foreign), transport, group, new Exports()).start())
                    .isInstanceOf(ListenException.class)
                    .hasMessageContaining("this machine does not have the address");
        } finally {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldGiveSocketItsModeBeforeItsNameWhenItListens(Transport transport) throws Exception {
        NbdOptions options =
                NbdOptions.insecure(ServerFixture.sockets(directory)).withSocketMode(0620);
        try (ServerFixture fixture = new ServerFixture(transport, directory, options);
                SocketClient client = SocketClient.unix(fixture.socket).go("near")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(fixture.socket)))
                    .isEqualTo("rw--w----");
            try (Stream<Path> files = Files.list(directory)) {
                assertThat(files).as("the folder it was made in is gone").containsExactly(fixture.socket);
            }
            client.send(Bytes.request(0, READ, 1, 0, 512));
            assertThat(client.receive(16)).isEqualTo(Bytes.simpleReply(0, 1));
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void shouldNameTheRemedyWhenGroupOfSocketDoesNotExist() throws Exception {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, Transport.EPOLL.ioHandlerFactory());
        try {
            ListenAddress address = new ListenAddress.Unix(directory.resolve("nbd.sock"));
            NbdOptions options =
                    new NbdOptions(List.of(address), null, false, 0660, "no-such-group", 1, TIMEOUT, TIMEOUT);

            assertThatThrownBy(() -> new NbdServer(options, Transport.EPOLL, group, new Exports()).start())
                    .isInstanceOf(ListenException.class)
                    .hasMessageContaining("groupadd")
                    .hasMessageContaining("nbd.socket_group");
            assertThat(directory).isEmptyDirectory();
        } finally {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).get(30, TimeUnit.SECONDS);
        }
    }

    private static NbdServer server(EventLoopGroup group, ListenAddress... addresses) {
        return new NbdServer(NbdOptions.listeningOn(addresses), Transport.EPOLL, group, new Exports());
    }

    private static SocketClient connect(ServerFixture fixture, String socket) throws Exception {
        return socket.equals("unix") ? SocketClient.unix(fixture.socket) : SocketClient.tcp(fixture.port());
    }
}
