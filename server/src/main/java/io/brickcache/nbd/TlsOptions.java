package io.brickcache.nbd;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Who the server is on TCP, and whom it lets in. All files are PEM and absolute; they are read at the start and again
 * when they have changed.
 *
 * @param certificate the server's certificate, followed by those between it and its authority
 * @param key its private key, PKCS#8, without a password
 * @param clientAuthorities who has to have signed the certificate of a client
 */
public record TlsOptions(Path certificate, Path key, Path clientAuthorities) {

    /**
     * From three keys that go together.
     *
     * @return null if none is given
     * @throws IllegalArgumentException naming what is missing
     */
    public static @Nullable TlsOptions of(
            @Nullable Path certificate, @Nullable Path key, @Nullable Path clientAuthorities) {
        if (certificate == null && key == null && clientAuthorities == null) {
            return null;
        }
        if (certificate == null || key == null || clientAuthorities == null) {
            String missing = certificate == null
                    ? "nbd.tls_certificate"
                    : key == null ? "nbd.tls_key" : "nbd.tls_client_authorities";
            throw new IllegalArgumentException(missing + " is missing: nbd.tls_certificate, nbd.tls_key and"
                    + " nbd.tls_client_authorities are given together or not at all");
        }
        return new TlsOptions(certificate, key, clientAuthorities);
    }
}
