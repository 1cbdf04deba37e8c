package io.brickcache.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Clients that mean harm or are broken, on real sockets, and an honest one that must not notice them. */
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostileClientsTest {

    private static final int READ = 0;
    private static final int WRITE = 1;
    private static final int MIB = 1 << 20;
    private static final Duration LONG = Duration.ofMinutes(10);

    @TempDir
    private Path directory;

    private final List<SocketClient> hostile = new ArrayList<>();

    @AfterEach
    void leave() throws IOException {
        for (SocketClient client : hostile) {
            client.close();
        }
    }

    @ParameterizedTest
    @CsvSource({"IO_URING, 65536", "IO_URING, 1048576", "IO_URING, 33554432", "EPOLL, 1048576", "EPOLL, 33554432"})
    void shouldServeOthersWhenClientsNeverReadTheirAnswers(Transport transport, int length) throws Exception {
        try (ServerFixture fixture = fixture(transport, LONG)) {
            for (int i = 0; i < 40; i++) {
                SocketClient client = SocketClient.unix(fixture.socket).go("far");
                hostile.add(client);
                for (int j = 0; j < 100; j++) {
                    client.send(Bytes.request(0, READ, j, 0, length));
                }
            }

            assertServed(fixture, "far", 200);
            assertServed(fixture, "near", 20);
            assertThat(fixture.farUsedBytes()).isLessThanOrEqualTo(ServerFixture.POOL * 7 / 8);
            leave();
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldServeOthersWhenClientsSendHalfAWrite(Transport transport) throws Exception {
        try (ServerFixture fixture = fixture(transport, LONG)) {
            for (int i = 0; i < 60; i++) {
                SocketClient client = SocketClient.unix(fixture.socket).go("far");
                hostile.add(client);
                client.send(Bytes.request(0, WRITE, 1, 0, 4 * MIB), new byte[100]);
            }

            assertServed(fixture, "far", 200);
            leave();
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldServeOtherExportsOfTheLoopWhenADiskNeverAnswers(Transport transport) throws Exception {
        try (ServerFixture fixture = fixture(transport, LONG)) {
            fixture.addDead();
            for (int i = 0; i < 40; i++) {
                SocketClient client = SocketClient.unix(fixture.socket).go("dead");
                hostile.add(client);
                int length = i % 4 == 0 ? 32 * MIB : 65_536 << i % 4;
                for (int j = 0; j < 50; j++) {
                    client.send(Bytes.request(0, READ, j, 0, length));
                }
            }

            assertServed(fixture, "far", 300);
            try (SocketClient large = SocketClient.unix(fixture.socket).go("far")) {
                large.send(Bytes.request(0, READ, 1, 512, 8 * MIB));
                assertThat(large.receive(16)).isEqualTo(Bytes.simpleReply(0, 1));
                assertThat(large.receive(8 * MIB)).isEqualTo(Bytes.content(512, 8 * MIB));
            }
            leave();
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldAnswerAndHoldNothingWhenImpossibleLengthsAreAsked(Transport transport) throws Exception {
        try (ServerFixture fixture = fixture(transport, LONG);
                SocketClient client = SocketClient.unix(fixture.socket).go("far")) {
            for (int i = 0; i < 1000; i++) {
                client.send(Bytes.request(0, READ, i, 0, 0xFFFF_FFFFL));
                client.send(Bytes.request(0, READ, i, 0, 33 * MIB));
                assertThat(client.receive(32))
                        .isEqualTo(Bytes.join(Bytes.simpleReply(22, i), Bytes.simpleReply(22, i)));
            }
            assertThat(fixture.farUsedBytes()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldLetAnHonestClientInWhenAThousandOthersConnect(Transport transport) throws Exception {
        NbdOptions options =
                NbdOptions.insecure(ServerFixture.sockets(directory)).withMaxConnections(64);
        try (ServerFixture fixture = new ServerFixture(transport, directory, options);
                SocketClient before = SocketClient.unix(fixture.socket).go("far")) {
            for (int i = 0; i < 1000; i++) {
                hostile.add(SocketClient.unix(fixture.socket));
                if (i % 100 == 0) {
                    assertServed(fixture, "near", 5);
                }
            }

            assertServed(fixture, "far", 20);
            before.send(Bytes.request(0, READ, 7, 512, 512));
            assertThat(before.receive(16)).isEqualTo(Bytes.simpleReply(0, 7));
            leave();
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldServeOthersWhenBytesComeOneByOne(Transport transport) throws Exception {
        try (ServerFixture fixture = fixture(transport, LONG)) {
            byte[] whole = Bytes.join(
                    Bytes.of().u32(3).array(),
                    Bytes.option(7, Bytes.of().string("far").u16(0).array()),
                    Bytes.request(0, READ, 1, 0, 512));
            for (int i = 0; i < 50; i++) {
                hostile.add(SocketClient.unix(fixture.socket));
            }
            for (byte one : whole) {
                for (SocketClient client : hostile) {
                    client.send(new byte[] {one});
                }
                assertServed(fixture, "far", 2);
            }
            for (SocketClient client : hostile) {
                client.receive(18);
            }
            leave();
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldDisconnectAndTakeMemoryBackWhenClientDoesNotMove(Transport transport) throws Exception {
        try (ServerFixture fixture = fixture(transport, Duration.ofMillis(400));
                SocketClient idle = SocketClient.unix(fixture.socket).go("far");
                SocketClient deaf = SocketClient.unix(fixture.socket).go("far");
                SocketClient mute = SocketClient.unix(fixture.socket).go("far")) {
            mute.send(Bytes.request(0, WRITE, 1, 0, 4 * MIB), new byte[100]);
            assertThat(mute.isAtEnd()).isTrue();

            for (int i = 0; i < 8; i++) {
                deaf.send(Bytes.request(0, READ, i, 0, MIB));
            }
            while (fixture.server.connections().count() > 1) {
                assertServed(fixture, "near", 1);
            }
            while (fixture.farUsedBytes() > 0) {
                assertServed(fixture, "near", 1);
            }

            // Who owes nothing stays, however long he is silent.
            idle.send(Bytes.request(0, READ, 1, 512, 512));
            assertThat(idle.receive(16)).isEqualTo(Bytes.simpleReply(0, 1));
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldTellSlowFromStalledWhenClientsSpeakTls(Transport transport) throws Exception {
        TestAuthority authority =
                new TestAuthority(directory, "authority").issue("server").issue("client");
        NbdOptions options = NbdOptions.secure(authority.server("server", authority), ServerFixture.sockets(directory))
                .withTimeouts(NbdOptions.DEFAULT_IDLE_HANDSHAKE_TIMEOUT, Duration.ofSeconds(3));
        SSLContext context = authority.client("client", authority);
        int length = 32 * MIB;
        try (ServerFixture fixture = new ServerFixture(transport, directory, options);
                SocketClient slow = SocketClient.tls(fixture.port(), context).goSecured("near");
                SocketClient deaf = SocketClient.tls(fixture.port(), context).goSecured("far")) {
            deaf.send(Bytes.request(0, READ, 1, 0, length));
            slow.send(Bytes.request(0, READ, 1, 0, length));

            assertThat(slow.receive(16)).isEqualTo(Bytes.simpleReply(0, 1));
            byte[] expected = Bytes.content(0, length);
            for (int at = 0; at < length; at += MIB) {
                // A pause that grows with the load of the machine; all of them together are longer than the timeout.
                assertServed(fixture, "near", 80);
                assertThat(slow.receive(MIB)).isEqualTo(Arrays.copyOfRange(expected, at, at + MIB));
            }
            while (fixture.server.connections().count() > 1) {
                assertServed(fixture, "near", 1);
            }
            slow.send(Bytes.request(0, READ, 2, 512, 512));
            assertThat(slow.receive(16)).isEqualTo(Bytes.simpleReply(0, 2));
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldStayWithinBoundsWhenClientNeverReadsOverTls(Transport transport) throws Exception {
        TestAuthority authority =
                new TestAuthority(directory, "authority").issue("server").issue("client");
        try (ServerFixture fixture = new ServerFixture(transport, directory, authority.server("server", authority))) {
            long before = PlatformDependent.usedDirectMemory();
            for (int i = 0; i < 4; i++) {
                SocketClient client = SocketClient.tls(fixture.port(), authority.client("client", authority))
                        .goSecured("far");
                hostile.add(client);
                for (int j = 0; j < 20; j++) {
                    client.send(Bytes.request(0, READ, j, 0, 32 * MIB));
                }
            }

            assertServed(fixture, "far", 200);
            long grown = PlatformDependent.usedDirectMemory() - before;
            assertThat(grown).as("bytes beyond the pool").isLessThan(24 * MIB);
            leave();
        }
    }

    private ServerFixture fixture(Transport transport, Duration stalledClient) throws Exception {
        NbdOptions options = NbdOptions.insecure(ServerFixture.sockets(directory))
                .withTimeouts(NbdOptions.DEFAULT_IDLE_HANDSHAKE_TIMEOUT, stalledClient);
        return new ServerFixture(transport, directory, options);
    }

    /** A new client connects, reads and writes. */
    private static void assertServed(ServerFixture fixture, String export, int requests) throws IOException {
        Random random = new Random(requests);
        try (SocketClient client = SocketClient.unix(fixture.socket).go(export)) {
            for (int i = 0; i < requests; i++) {
                int length = 4096 << random.nextInt(6);
                long offset = 33L * MIB + 4096L * random.nextInt(1000);
                client.send(Bytes.request(0, READ, i, offset, length));
                assertThat(client.receive(16)).isEqualTo(Bytes.simpleReply(0, i));
                byte[] data = client.receive(length);
                assertThat(data).isEqualTo(Bytes.content(offset, length));
                client.send(Bytes.request(0, WRITE, i, offset, length), data);
                assertThat(client.receive(16)).isEqualTo(Bytes.simpleReply(0, i));
            }
        }
    }
}
