package io.brickcache.nbd;

import io.brickcache.env.FileFailures;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Certificates and keys in text files. Every failure is an {@link IOException} that names the file and the remedy. */
final class Pem {

    private static final int MAX_FILE_BYTES = 1 << 20;
    private static final Pattern KEY =
            Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
    private static final List<String> KEY_ALGORITHMS = List.of("RSA", "EC", "EdDSA");

    private Pem() {}

    /** The certificates in a file, in its order; at least one. */
    static List<X509Certificate> certificates(Path file) throws IOException {
        List<X509Certificate> result = new ArrayList<>();
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            for (Certificate certificate : factory.generateCertificates(new ByteArrayInputStream(read(file)))) {
                result.add((X509Certificate) certificate);
            }
        } catch (CertificateException e) {
            throw TlsIdentity.unusable(file, "holds no X.509 certificate in PEM form: " + e.getMessage(), e);
        }
        if (result.isEmpty()) {
            throw TlsIdentity.unusable(file, "holds no X.509 certificate in PEM form", null);
        }
        return result;
    }

    /** The PKCS#8 key in a file. */
    static PrivateKey privateKey(Path file) throws IOException {
        String text = new String(read(file), StandardCharsets.US_ASCII);
        Matcher matcher = KEY.matcher(text);
        if (!matcher.find()) {
            String why = text.contains("BEGIN ENCRYPTED PRIVATE KEY")
                    ? "is protected by a password, which nobody could type when the service starts"
                    : "holds no PKCS#8 private key in PEM form";
            throw TlsIdentity.unusable(
                    file, why + "; convert it: openssl pkcs8 -topk8 -nocrypt -in OLD -out " + file, null);
        }
        PKCS8EncodedKeySpec encoded = new PKCS8EncodedKeySpec(decoded(file, matcher.group(1)));
        for (String algorithm : KEY_ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(encoded);
            } catch (InvalidKeySpecException e) {
                // Of another algorithm, or of none.
            } catch (GeneralSecurityException e) {
                throw TlsIdentity.unusable(file, "cannot be read: " + e.getMessage(), e);
            }
        }
        throw TlsIdentity.unusable(file, "holds a damaged key, or none of " + KEY_ALGORITHMS, null);
    }

    private static byte[] decoded(Path file, String base64) throws IOException {
        try {
            return Base64.getMimeDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw TlsIdentity.unusable(file, "holds a damaged key: " + e.getMessage(), e);
        }
    }

    /** True if what the key signs the certificate confirms. */
    static boolean belongTogether(PrivateKey key, X509Certificate certificate) {
        String algorithm = switch (key.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> "EdDSA";
        };
        try {
            byte[] text = certificate.getSerialNumber().toByteArray();
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(key);
            signature.update(text);
            byte[] signed = signature.sign();
            signature.initVerify(certificate.getPublicKey());
            signature.update(text);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    private static byte[] read(Path file) throws IOException {
        try {
            return FileFailures.readSmall(file, MAX_FILE_BYTES);
        } catch (IOException e) {
            throw new IOException(file + " cannot be read by the service: " + FileFailures.why(e), e);
        }
    }
}
