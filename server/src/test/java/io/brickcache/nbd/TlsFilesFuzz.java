package io.brickcache.nbd;

import io.brickcache.fuzz.Input;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Base64;

/**
 * Fuzz target: the files of the server's TLS identity. The first byte says which of them are PEM as they are given and which
 * are DER that gets its armour here; then come certificate and key, each with its length in two bytes, and the authorities.
 * They are taken or refused with an {@link IOException} that names one of them; what was read is the same when read again.
 */
public final class TlsFilesFuzz {

    private static final TlsOptions FILES = files();

    private TlsFilesFuzz() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws IOException {
        Input input = new Input(bytes);
        int armoured = input.octet();
        byte[] certificate = pem(input.take(input.twoOctets()), (armoured & 1) != 0, "CERTIFICATE");
        byte[] key = pem(input.take(input.twoOctets()), (armoured & 2) != 0, "PRIVATE KEY");
        byte[] authorities = pem(input.rest(), (armoured & 4) != 0, "CERTIFICATE");
        Files.write(FILES.certificate(), certificate);
        Files.write(FILES.key(), key);
        Files.write(FILES.clientAuthorities(), authorities);
        try {
            TlsIdentity.check(FILES);
        } catch (IOException e) {
            requireName(e);
        }
        certificates(FILES.certificate());
        certificates(FILES.clientAuthorities());
        key();
    }

    private static void certificates(Path file) throws IOException {
        try {
            for (X509Certificate certificate : Pem.certificates(file)) {
                Files.write(file, pem(certificate.getEncoded(), true, "CERTIFICATE"));
                require(Pem.certificates(file).get(0).equals(certificate), "another certificate when read again");
            }
        } catch (IOException e) {
            requireName(e);
        } catch (java.security.cert.CertificateEncodingException e) {
            throw new IllegalStateException("read, but not to be written", e);
        }
    }

    private static void key() throws IOException {
        PrivateKey key;
        try {
            key = Pem.privateKey(FILES.key());
        } catch (IOException e) {
            requireName(e);
            return;
        }
        Files.write(FILES.key(), pem(key.getEncoded(), true, "PRIVATE KEY"));
        require(
                Arrays.equals(Pem.privateKey(FILES.key()).getEncoded(), key.getEncoded()),
                "another key when read again");
    }

    private static byte[] pem(byte[] content, boolean armoured, String what) {
        if (!armoured) {
            return content;
        }
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
        return ("-----BEGIN " + what + "-----\n" + text + "\n-----END " + what + "-----\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    private static TlsOptions files() {
        try {
            Path memory = Path.of("/dev/shm");
            Path folder = Files.isWritable(memory)
                    ? Files.createTempDirectory(memory, "tls-fuzz")
                    : Files.createTempDirectory("tls-fuzz");
            folder.toFile().deleteOnExit();
            TlsOptions files =
                    new TlsOptions(folder.resolve("cert.pem"), folder.resolve("key.pem"), folder.resolve("ca.pem"));
            files.certificate().toFile().deleteOnExit();
            files.key().toFile().deleteOnExit();
            files.clientAuthorities().toFile().deleteOnExit();
            return files;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void requireName(IOException e) {
        String message = String.valueOf(e.getMessage());
        require(
                message.contains(FILES.certificate().getParent() + "/"),
                "the message does not name the file: " + message);
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalStateException(otherwise);
        }
    }
}
