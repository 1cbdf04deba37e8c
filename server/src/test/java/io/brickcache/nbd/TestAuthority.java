package io.brickcache.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * A certificate authority of a test, made with the JDK's keytool; what it issues is written as PEM files too. RSA, since
 * GnuTLS does not take the elliptic keys that Java writes, which lack their public half.
 */
public final class TestAuthority {

    private static final String PASSWORD = "changeit";

    private final Path directory;
    private final Path store;

    /** Makes an authority whose files lie in a new folder. */
    public TestAuthority(Path directory, String name) throws Exception {
        this.directory = Files.createDirectories(directory.resolve(name));
        this.store = this.directory.resolve("store.p12");
        keytool("ca", "CN=" + name, List.of("-ext", "bc:c=ca:true", "-ext", "ku:c=keyCertSign", "-validity", "30"));
        Files.writeString(
                caFile(), pem("CERTIFICATE", load().getCertificate("ca").getEncoded()));
    }

    /** The authority's own certificate, {@code ca-cert.pem}. */
    public Path caFile() {
        return directory.resolve("ca-cert.pem");
    }

    /** Where {@code ca-cert.pem} and what was issued to "client" are, as libnbd and qemu look for them. */
    public Path directory() {
        return directory;
    }

    /** Issues a certificate for this machine that is valid now, in NAME-cert.pem and NAME-key.pem. */
    public TestAuthority issue(String name) throws Exception {
        return issue(name, "san=dns:localhost,ip:127.0.0.1", "-1d", "30");
    }

    /** Issues a certificate that expired yesterday. */
    public TestAuthority issueExpired(String name) throws Exception {
        return issue(name, "san=dns:localhost,ip:127.0.0.1", "-3d", "2");
    }

    /** Issues a certificate for another machine. */
    public TestAuthority issueForElsewhere(String name) throws Exception {
        return issue(name, "san=dns:elsewhere.example", "-1d", "30");
    }

    /** What a server of this authority is configured with; lets in whom {@code clients} has signed. */
    public TlsOptions server(String name, TestAuthority clients) {
        return new TlsOptions(certificate(name), key(name), clients.caFile());
    }

    public Path certificate(String name) {
        return directory.resolve(name + "-cert.pem");
    }

    public Path key(String name) {
        return directory.resolve(name + "-key.pem");
    }

    /** A client of this authority; without a certificate if {@code name} is null. It believes {@code server}. */
    public SSLContext client(@Nullable String name, TestAuthority server) throws Exception {
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        KeyStore believed = KeyStore.getInstance("PKCS12");
        believed.load(null, null);
        believed.setCertificateEntry("ca", server.load().getCertificate("ca"));
        trust.init(believed);
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        KeyStore own = KeyStore.getInstance("PKCS12");
        own.load(null, null);
        if (name != null) {
            KeyStore all = load();
            own.setKeyEntry(
                    name,
                    all.getKey(name, PASSWORD.toCharArray()),
                    PASSWORD.toCharArray(),
                    all.getCertificateChain(name));
        }
        keys.init(own, PASSWORD.toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private TestAuthority issue(String name, String names, String start, String days) throws Exception {
        keytool(name, "CN=" + name, List.of("-signer", "ca", "-ext", names, "-startdate", start, "-validity", days));
        KeyStore all = load();
        StringBuilder chain = new StringBuilder();
        for (Certificate certificate : all.getCertificateChain(name)) {
            chain.append(pem("CERTIFICATE", certificate.getEncoded()));
        }
        Files.writeString(certificate(name), chain);
        Files.writeString(
                key(name),
                pem("PRIVATE KEY", all.getKey(name, PASSWORD.toCharArray()).getEncoded()));
        return this;
    }

    private KeyStore load() throws IOException, GeneralSecurityException {
        KeyStore all = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            all.load(in, PASSWORD.toCharArray());
        }
        return all;
    }

    private void keytool(String alias, String subject, List<String> more) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                alias,
                "-dname",
                subject,
                "-keyalg",
                "RSA",
                "-keysize",
                "2048",
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass",
                PASSWORD));
        command.addAll(more);
        Path log = directory.resolve("keytool.log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
    }

    private static String pem(String what, byte[] content) {
        String text = Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
                .encodeToString(content);
        return "-----BEGIN " + what + "-----\n" + text + "\n-----END " + what + "-----\n";
    }
}
