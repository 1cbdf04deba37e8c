package io.brickcache.nbd;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.PrivateKey;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's side of TLS: TLS 1.2 and 1.3, clients only with a certificate. Renewed files are taken up with the next
 * connection; if they do not fit together (yet), the old ones stay in use. Thread-safe.
 */
final class TlsIdentity {

    private static final Logger LOG = LoggerFactory.getLogger(TlsIdentity.class);

    private final TlsOptions options;
    private @Nullable SslContext context;
    private List<Stamp> stamps = List.of();

    /** What changes when a file is replaced. */
    private record Stamp(
            Path file,
            FileTime modified,
            long bytes,
            @Nullable Object key) {
        static Stamp of(Path file) throws IOException {
            return new Stamp(
                    file, Files.getLastModifiedTime(file), Files.size(file), Files.getAttribute(file, "unix:ino"));
        }
    }

    TlsIdentity(TlsOptions options) {
        this.options = options;
    }

    /**
     * Reads the files.
     *
     * @throws IOException naming the file that cannot be used, and why
     */
    synchronized void load() throws IOException {
        context = read(options);
        stamps = stamps();
    }

    /** A handler that expects the client to begin TLS, with the newest files that can be used. */
    synchronized SslHandler newHandler(ByteBufAllocator allocator, Duration handshakeTimeout) {
        refresh();
        SslHandler handler =
                Objects.requireNonNull(context, "load() comes first").newHandler(allocator);
        handler.setHandshakeTimeoutMillis(handshakeTimeout.toMillis());
        return handler;
    }

    private void refresh() {
        List<Stamp> seen;
        try {
            seen = stamps();
        } catch (IOException e) {
            LOG.debug("NBD: the TLS files cannot be looked at, perhaps they are being replaced: {}", e.toString());
            return;
        }
        if (seen.equals(stamps)) {
            return;
        }
        stamps = seen;
        try {
            context = read(options);
            LOG.info("NBD: new TLS files are in use, {}", options.certificate());
        } catch (IOException e) {
            LOG.warn("NBD: the TLS files have changed but cannot be used, the old ones stay: {}", e.getMessage());
        }
    }

    private List<Stamp> stamps() throws IOException {
        List<Stamp> result = new ArrayList<>();
        for (Path file : List.of(options.certificate(), options.key(), options.clientAuthorities())) {
            result.add(Stamp.of(file));
        }
        return result;
    }

    private static SslContext read(TlsOptions options) throws IOException {
        List<X509Certificate> chain = Pem.certificates(options.certificate());
        PrivateKey key = Pem.privateKey(options.key());
        X509Certificate own = chain.get(0);
        if (!Pem.belongTogether(key, own)) {
            throw new IOException(
                    options.key() + " is not the key of the first certificate in " + options.certificate());
        }
        warnUnlessValid(own, options.certificate());
        List<X509Certificate> authorities = Pem.certificates(options.clientAuthorities());
        return SslContextBuilder.forServer(key, chain)
                .sslProvider(SslProvider.JDK)
                .protocols("TLSv1.3", "TLSv1.2")
                .trustManager(authorities)
                .clientAuth(ClientAuth.REQUIRE)
                .build();
    }

    private static void warnUnlessValid(X509Certificate certificate, Path file) {
        try {
            certificate.checkValidity();
        } catch (CertificateExpiredException e) {
            LOG.warn(
                    "NBD: the certificate in {} expired on {}; clients will refuse it",
                    file,
                    certificate.getNotAfter());
        } catch (CertificateNotYetValidException e) {
            LOG.warn("NBD: the certificate in {} is valid from {} on only", file, certificate.getNotBefore());
        }
    }

    /** The files of the options, as {@code --check-config} looks at them. */
    static void check(TlsOptions options) throws IOException {
        read(options);
    }

    /** A reason that a file cannot be used, naming it. */
    static IOException unusable(Path file, String why, @Nullable Exception cause) {
        return new IOException(file + " " + why, cause);
    }
}
