package io.brickcache.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** TLS on TCP, on real sockets: who gets in, and that bytes arrive as they were sent. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TlsTest {

    private static final int READ = 0;
    private static final int WRITE = 1;
    private static final long TLS_REQUIRED = 0x8000_0005L;
    private static final long INVALID = 0x8000_0003L;

    @TempDir
    private static Path certificates;

    private static TestAuthority authority;
    private static TestAuthority stranger;

    @TempDir
    private Path directory;

    @BeforeAll
    static void issueCertificates() throws Exception {
        authority = new TestAuthority(certificates, "authority")
                .issue("server")
                .issue("client")
                .issueExpired("expired");
        stranger = new TestAuthority(certificates, "stranger").issue("client").issue("server");
    }

    @ParameterizedTest
    @CsvSource({"IO_URING, near", "IO_URING, far", "EPOLL, near", "EPOLL, far"})
    void shouldServeEveryConnectionWhenClientHasCertificate(Transport transport, String export) throws Exception {
        try (ServerFixture fixture = fixture(transport)) {
            SSLContext context = authority.client("client", authority);
            for (int i = 0; i < 40; i++) {
                try (SocketClient client = SocketClient.tls(fixture.port(), context)) {
                    byte[] data = Bytes.content(i * 1000L, 8192);
                    client.goSecured(
                            export,
                            Bytes.request(0, READ, 1, 4096L * i, 20_480),
                            Bytes.request(0, WRITE, 2, 32 << 20, 8192),
                            data);
                    assertThat(client.receive(16)).isEqualTo(Bytes.simpleReply(0, 1));
                    assertThat(client.receive(20_480)).isEqualTo(Bytes.content(4096L * i, 20_480));
                    assertThat(client.receive(16)).isEqualTo(Bytes.simpleReply(0, 2));
                    client.send(Bytes.request(0, READ, 3, 32 << 20, 8192));
                    assertThat(client.receive(16)).isEqualTo(Bytes.simpleReply(0, 3));
                    assertThat(client.receive(8192)).isEqualTo(data);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldCarryLargePayloadsWhenPeerIsSlow(Transport transport) throws Exception {
        int length = 16 << 20;
        try (ServerFixture fixture = fixture(transport);
                SocketClient client = connect(fixture).goSecured("far");
                SocketClient other = connect(fixture).goSecured("far")) {
            byte[] data = Bytes.content(12345, length);
            client.send(Bytes.request(0, WRITE, 1, 512, length), data);
            assertThat(client.receive(16)).isEqualTo(Bytes.simpleReply(0, 1));

            for (int i = 0; i < 4; i++) {
                client.send(Bytes.request(0, READ, i, 512, length));
            }
            other.send(Bytes.request(0, READ, 9, 32 << 20, 4096));
            assertThat(other.receive(16 + 4096))
                    .isEqualTo(Bytes.join(Bytes.simpleReply(0, 9), Bytes.content(32 << 20, 4096)));
            for (int i = 0; i < 4; i++) {
                assertThat(client.receive(16)).isEqualTo(Bytes.simpleReply(0, i));
                assertThat(Arrays.equals(client.receive(length), data)).isTrue();
            }
        }
    }

    @Test
    void shouldRefuseWhenClientCannotProveWhoItIs() throws Exception {
        try (ServerFixture fixture = fixture(Transport.EPOLL)) {
            expectRefused(fixture, authority.client(null, authority));
            expectRefused(fixture, authority.client("expired", authority));
            expectRefused(fixture, stranger.client("client", authority));

            assertServed(fixture, authority.client("client", authority));
        }
    }

    @Test
    void shouldTellThatTlsIsNeededWhenOptionsComeInTheClear() throws Exception {
        try (ServerFixture fixture = fixture(Transport.EPOLL);
                SocketClient client = SocketClient.tcp(fixture.port())) {
            client.receive(18);
            client.send(Bytes.of().u32(3).array());
            for (int option : new int[] {3, 6, 7, 8, 9, 10, 77}) {
                client.send(
                        Bytes.option(option, Bytes.of().string("near").u16(0).array()));
                assertThat(replyType(client, option)).isEqualTo(TLS_REQUIRED);
            }
            client.send(Bytes.option(5, new byte[3]));
            assertThat(replyType(client, 5)).isEqualTo(INVALID);
            client.send(Bytes.option(2, new byte[0]));
            assertThat(replyType(client, 2)).isEqualTo(1);
            assertThat(client.isAtEnd()).isTrue();
        }
    }

    @Test
    void shouldCloseWhenExportNameComesInTheClear() throws Exception {
        try (ServerFixture fixture = fixture(Transport.EPOLL);
                SocketClient client = SocketClient.tcp(fixture.port())) {
            client.receive(18);
            client.send(
                    Bytes.of().u32(3).array(),
                    Bytes.option(1, Bytes.of().ascii("near").array()));
            assertThat(client.isAtEnd()).isTrue();
        }
    }

    @Test
    void shouldCloseWhenSomethingInTheClearFollowsStarttls() throws Exception {
        byte[] starttls = Bytes.option(5, new byte[0]);
        byte[] injected = Bytes.option(8, new byte[0]);
        try (ServerFixture fixture = fixture(Transport.EPOLL)) {
            try (SocketClient together = SocketClient.tcp(fixture.port())) {
                together.receive(18);
                together.send(Bytes.of().u32(3).array(), starttls, injected);
                assertThat(together.isAtEnd()).isTrue();
            }
            try (SocketClient later = SocketClient.tcp(fixture.port())) {
                later.receive(18);
                later.send(Bytes.of().u32(3).array(), starttls);
                assertThat(replyType(later, 5)).isEqualTo(1);
                later.send(injected);
                // TLS may tell why, in its own words.
                while (!later.isAtEnd()) {
                    assertThat(fixture.near.log()).isEmpty();
                }
            }
        }
    }

    @Test
    void shouldRefuseStarttlsWhenTlsHasBegun() throws Exception {
        try (ServerFixture fixture = fixture(Transport.EPOLL);
                SocketClient client = connect(fixture)) {
            client.send(Bytes.option(5, new byte[0]));
            assertThat(replyType(client, 5)).isEqualTo(INVALID);
            client.goSecured("near");
        }
    }

    @Test
    void shouldStayPlainWhenSocketIsUnix() throws Exception {
        try (ServerFixture fixture = fixture(Transport.EPOLL);
                SocketClient client = SocketClient.unix(fixture.socket).go("near")) {
            client.send(Bytes.request(0, READ, 1, 512, 512));
            assertThat(client.receive(16 + 512))
                    .isEqualTo(Bytes.join(Bytes.simpleReply(0, 1), Bytes.content(512, 512)));
        }
    }

    @Test
    void shouldUseNewFilesWhenCertificateIsRenewed() throws Exception {
        TestAuthority next = new TestAuthority(directory, "next").issue("server");
        TlsOptions files = new TlsOptions(directory.resolve("c"), directory.resolve("k"), authority.caFile());
        Files.copy(authority.certificate("server"), files.certificate());
        Files.copy(authority.key("server"), files.key());
        try (ServerFixture fixture = new ServerFixture(Transport.EPOLL, directory, files)) {
            assertServed(fixture, authority.client("client", authority));

            Files.copy(next.certificate("server"), files.certificate(), StandardCopyOption.REPLACE_EXISTING);
            assertServed(fixture, authority.client("client", authority));

            Files.copy(next.key("server"), files.key(), StandardCopyOption.REPLACE_EXISTING);
            assertServed(fixture, authority.client("client", next));
            expectRefused(fixture, authority.client("client", authority));
        }
    }

    @Test
    void shouldNameTheFileWhenTlsCannotBegin() throws Exception {
        Path text = Files.writeString(directory.resolve("text"), "nothing to be seen");
        Path rsa = Files.writeString(directory.resolve("rsa"), "-----BEGIN RSA PRIVATE KEY-----");
        Path odd = Files.writeString(
                directory.resolve("odd"), "-----BEGIN PRIVATE KEY-----\nAAAAA\n-----END PRIVATE KEY-----\n");
        Path large = directory.resolve("large");
        try (RandomAccessFile file = new RandomAccessFile(large.toFile(), "rw")) {
            file.setLength(3L << 30);
        }
        TlsOptions good = authority.server("server", authority);

        expectUnusable(new TlsOptions(good.certificate(), odd, good.clientAuthorities()), "odd holds a damaged key");
        expectUnusable(
                new TlsOptions(good.certificate(), large, good.clientAuthorities()),
                large + " cannot be read by the service: is larger than");
        expectUnusable(new TlsOptions(directory, good.key(), good.clientAuthorities()), directory + " cannot be read");
        expectUnusable(
                new TlsOptions(directory.resolve("gone"), good.key(), good.clientAuthorities()),
                directory.resolve("gone") + " cannot be read by the service: does not exist");
        expectUnusable(
                new TlsOptions(good.certificate(), directory, good.clientAuthorities()),
                directory + " cannot be read by the service: is a directory");
        expectUnusable(new TlsOptions(text, good.key(), good.clientAuthorities()), "text holds no X.509");
        expectUnusable(new TlsOptions(good.certificate(), rsa, good.clientAuthorities()), "openssl pkcs8");
        expectUnusable(
                new TlsOptions(good.certificate(), stranger.key("server"), good.clientAuthorities()), "is not the key");
        expectUnusable(new TlsOptions(good.certificate(), good.key(), text), "text holds no X.509");
        NbdServer.check(NbdOptions.secure(good, ServerFixture.sockets(directory)));
    }

    private void expectUnusable(TlsOptions tls, String message) {
        assertThatThrownBy(() -> NbdServer.check(NbdOptions.secure(tls, ServerFixture.sockets(directory))))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(message);
        assertThatThrownBy(() -> new ServerFixture(Transport.EPOLL, directory, tls))
                .hasMessageContaining(message);
    }

    private ServerFixture fixture(Transport transport) throws Exception {
        return new ServerFixture(transport, directory, authority.server("server", authority));
    }

    private static SocketClient connect(ServerFixture fixture) throws Exception {
        return SocketClient.tls(fixture.port(), authority.client("client", authority));
    }

    private static void assertServed(ServerFixture fixture, SSLContext context) throws Exception {
        try (SocketClient client = SocketClient.tls(fixture.port(), context).goSecured("near")) {
            client.send(Bytes.request(0, READ, 1, 512, 512));
            assertThat(client.receive(16 + 512))
                    .isEqualTo(Bytes.join(Bytes.simpleReply(0, 1), Bytes.content(512, 512)));
        }
    }

    /** With TLS 1.3 a client hears that its certificate was refused only when it reads. */
    private static void expectRefused(ServerFixture fixture, SSLContext context) {
        assertThatThrownBy(() -> {
                    try (SocketClient client = SocketClient.tls(fixture.port(), context)) {
                        client.goSecured("near");
                    }
                })
                .isInstanceOf(IOException.class);
    }

    private static long replyType(SocketClient client, int option) throws IOException {
        byte[] header = client.receive(20);
        assertThat(Arrays.copyOf(header, 12))
                .isEqualTo(Bytes.of().u64(0x3e889045565a9L).u32(option).array());
        int length = ByteBuffer.wrap(header).getInt(16);
        client.receive(length);
        return Integer.toUnsignedLong(ByteBuffer.wrap(header).getInt(12));
    }
}
