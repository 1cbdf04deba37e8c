package io.brickcache.nbd.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.nbd.Bytes;
import io.brickcache.nbd.ServerFixture;
import io.brickcache.nbd.TestAuthority;
import io.brickcache.nbd.Transport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** TLS with clients written by others, which use another library for it (GnuTLS). */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TlsToolsIT {

    @TempDir
    private static Path certificates;

    private static TestAuthority authority;
    private static TestAuthority stranger;
    private static TestAuthority late;

    @TempDir
    private Path directory;

    @BeforeAll
    static void issueCertificates() throws Exception {
        authority = new TestAuthority(certificates, "authority")
                .issue("server")
                .issue("client")
                .issueForElsewhere("elsewhere")
                .issueExpired("expired");
        stranger = new TestAuthority(certificates, "stranger").issue("client");
        late = new TestAuthority(certificates, "late").issueExpired("client");
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldSpeakTlsWhenNbdinfoAsks(Transport transport) throws Exception {
        try (ServerFixture fixture = fixture(transport, "server", authority)) {
            assertThat(Tool.run(directory, "nbdinfo", uri(fixture, authority.directory())))
                    .contains("protocol: newstyle-fixed with TLS, using structured packets")
                    .contains("export-size: " + ServerFixture.SIZE);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldCopyEveryByteWhenNbdcopyRunsOverTls(Transport transport) throws Exception {
        try (ServerFixture fixture = fixture(transport, "server", authority)) {
            byte[] data = Bytes.content(987_654_321, ServerFixture.SIZE);
            Path source = Files.write(directory.resolve("source.raw"), data);
            Path copy = directory.resolve("copy.raw");
            String uri = uri(fixture, authority.directory());

            Tool.run(directory, "nbdcopy", "--flush", source.toString(), uri);
            assertThat(Arrays.equals(fixture.far.content(), data)).isTrue();

            Tool.run(directory, "nbdcopy", "--no-extents", "--connections=4", "--requests=32", uri, copy.toString());
            assertThat(Files.mismatch(source, copy)).isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldPassVerificationWhenQemuIoWritesOverTls(Transport transport) throws Exception {
        try (ServerFixture fixture = fixture(transport, "server", authority)) {
            String credentials =
                    "tls-creds-x509,id=tls0,endpoint=client,dir=" + authority.directory() + ",verify-peer=yes";
            String image = "driver=nbd,server.type=inet,server.host=localhost,server.port=" + fixture.port()
                    + ",export=far,tls-creds=tls0";
            assertThat(Tool.run(directory, "qemu-img", "info", "--object", credentials, "--image-opts", image))
                    .contains("64 MiB");
            String log = Tool.run(
                    directory,
                    "qemu-io",
                    "--object",
                    credentials,
                    "--image-opts",
                    image,
                    "-c",
                    "write -P 0x5a 1M 8M",
                    "-c",
                    "write -P 0x77 1537k 3k",
                    "-c",
                    "flush",
                    "-c",
                    "read -P 0x5a 1M 512k",
                    "-c",
                    "read -P 0x77 1537k 3k",
                    "-c",
                    "read -P 0x5a 2M 7M");
            assertThat(log).doesNotContain("Pattern verification failed");
            assertThat(fixture.far.content()[2 * 1024 * 1024]).isEqualTo((byte) 0x5a);
        }
    }

    @Test
    void shouldNotConnectWhenCertificatesAreNotRight() throws Exception {
        Path nothing = Files.createDirectory(directory.resolve("nothing"));
        Files.copy(authority.caFile(), nothing.resolve("ca-cert.pem"));
        Path strange = withAuthority(stranger, "strange");
        Path expired = withAuthority(late, "expired");
        try (ServerFixture fixture = fixture(Transport.EPOLL, "server", authority)) {
            expectRefused(uri(fixture, nothing));
            expectRefused(uri(fixture, strange));
            expectRefused(uri(fixture, stranger.directory()));
            expectRefused("nbd://localhost:" + fixture.port() + "/far");
            assertThat(Tool.run(directory, "nbdinfo", "--size", uri(fixture, authority.directory())))
                    .contains(String.valueOf(ServerFixture.SIZE));
        }
        try (ServerFixture fixture = fixture(Transport.EPOLL, "server", late)) {
            expectRefused(uri(fixture, expired));
        }
    }

    @Test
    void shouldBeRefusedByClientsWhenServerCannotProveWhoItIs() throws Exception {
        for (String certificate : new String[] {"elsewhere", "expired"}) {
            try (ServerFixture fixture = fixture(Transport.EPOLL, certificate, authority)) {
                expectRefused(uri(fixture, authority.directory()));
            }
        }
    }

    /** A folder with the client's certificate of one authority, that believes in ours. */
    private Path withAuthority(TestAuthority issuer, String name) throws IOException {
        Path folder = Files.createDirectory(directory.resolve(name));
        Files.copy(authority.caFile(), folder.resolve("ca-cert.pem"));
        Files.copy(issuer.certificate("client"), folder.resolve("client-cert.pem"));
        Files.copy(issuer.key("client"), folder.resolve("client-key.pem"));
        return folder;
    }

    private ServerFixture fixture(Transport transport, String certificate, TestAuthority clients) throws Exception {
        return new ServerFixture(transport, directory, authority.server(certificate, clients));
    }

    private void expectRefused(String uri) {
        assertThatThrownBy(() -> Tool.run(directory, "nbdinfo", "--size", uri)).isInstanceOf(AssertionError.class);
    }

    private static String uri(ServerFixture fixture, Path certificates) {
        return "nbds://localhost:" + fixture.port() + "/far?tls-certificates=" + certificates;
    }
}
