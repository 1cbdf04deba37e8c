package io.brickcache.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.brickcache.block.IoOptions;
import io.brickcache.cache.CacheOptions;
import io.brickcache.env.ListenAddress;
import io.brickcache.nbd.NbdOptions;
import io.brickcache.nbd.TlsOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigLoaderTest {

    private static final String FULL = """
            # everything
            state_directory: /srv/state
            nbd:
              listen: [unix:/run/a/nbd.sock, "tcp:127.0.0.1:10809", "tcp:[::1]:0"]
              tls_certificate: /etc/tls/server.pem
              tls_key: /etc/tls/server.key
              tls_client_authorities: /etc/tls/clients.pem
              insecure: false
              socket_mode: "0600"
              socket_group: kvm
              max_connections: 12
              idle_handshake_timeout: 1500ms
              stalled_client_timeout: 90s
            admin:
              listen: unix:/run/a/admin.sock
              socket_mode: "0600"
              socket_group: storage
            io:
              engine: pooled
              threads: 3
              direct: false
            cache:
              buffers: 64MiB
              commit_interval: 250ms
              dirty_low: 5%
              dirty_high: 70%
              max_dirty_age: 2h
              idle_delay: 1h
              metadata_memory: 8388608
            """;

    @Test
    void shouldReadEveryKeyWhenAllAreGiven() throws Exception {
        Config config = parse(FULL);

        assertThat(config.stateDirectory()).isEqualTo(Path.of("/srv/state"));
        assertThat(config.nbd().listen())
                .containsExactly(
                        new ListenAddress.Unix(Path.of("/run/a/nbd.sock")),
                        new ListenAddress.Tcp("127.0.0.1", 10809),
                        new ListenAddress.Tcp("::1", 0));
        assertThat(config.nbd().tls())
                .isEqualTo(new TlsOptions(
                        Path.of("/etc/tls/server.pem"),
                        Path.of("/etc/tls/server.key"),
                        Path.of("/etc/tls/clients.pem")));
        assertThat(config.nbd().insecure()).isFalse();
        assertThat(config.nbd().socketMode()).isEqualTo(0600);
        assertThat(config.nbd().socketGroup()).isEqualTo("kvm");
        assertThat(config.nbd().stalledClientTimeout()).isEqualTo(Duration.ofSeconds(90));
        assertThat(config.nbd().maxConnections()).isEqualTo(12);
        assertThat(config.nbd().idleHandshakeTimeout()).isEqualTo(Duration.ofMillis(1500));
        assertThat(config.admin().listen()).isEqualTo(new ListenAddress.Unix(Path.of("/run/a/admin.sock")));
        assertThat(config.admin().socketMode()).isEqualTo(0600);
        assertThat(config.admin().socketGroup()).isEqualTo("storage");
        assertThat(config.io()).isEqualTo(new IoOptions(IoOptions.Engine.POOLED, 3, false));
        assertThat(config.cache())
                .isEqualTo(new CacheOptions(
                        64 << 20, 250_000_000L, 5, 70, 7_200_000_000_000L, 3_600_000_000_000L, 8L << 20));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "# only a comment\n", "---\n", "nbd:\ncache:\n", "\uFEFF# with a mark\n"})
    void shouldUseTheDefaultsWhenNothingIsGiven(String text) throws Exception {
        Config config = parse(text);

        assertThat(config.stateDirectory()).isEqualTo(Path.of("/var/lib/brickcache"));
        assertThat(config.nbd().listen()).containsExactly(new ListenAddress.Unix(Path.of("/run/brickcache/nbd.sock")));
        assertThat(config.nbd().maxConnections()).isEqualTo(256);
        assertThat(config.nbd().idleHandshakeTimeout()).isEqualTo(NbdOptions.DEFAULT_IDLE_HANDSHAKE_TIMEOUT);
        assertThat(config.admin().listen()).isEqualTo(new ListenAddress.Unix(Path.of("/run/brickcache/admin.sock")));
        assertThat(config.admin().socketMode()).isEqualTo(0660);
        assertThat(config.admin().socketGroup()).isNull();
        assertThat(config.io()).isEqualTo(IoOptions.DEFAULTS);
        assertThat(config.cache()).isEqualTo(CacheOptions.DEFAULTS);
    }

    @Test
    void shouldAcceptAScalarWhereAListMayStand() throws Exception {
        assertThat(parse("nbd: {listen: \"unix:/a\"}").nbd().listen())
                .containsExactly(new ListenAddress.Unix(Path.of("/a")));
    }

    @ParameterizedTest
    @CsvSource(delimiterString = " | ", quoteCharacter = '`', textBlock = """
            cach: {}                            | f.yaml:1:1: unknown key 'cach'; did you mean 'cache'?
            cache: {bufers: 64MiB}              | f.yaml:1:9: unknown key 'cache.bufers'; did you mean 'cache.buffers'?
            cache.buffers: 64MiB                | f.yaml:1:1: unknown key 'cache.buffers'
            zzz: 1                              | f.yaml:1:1: unknown key 'zzz'; known here: state_directory, nbd
            io: {threads: 1, threads: 2}        | f.yaml:1:18: key 'io.threads' was given before, in line 1
            io: {threads: many}                 | f.yaml:1:15: 'io.threads' cannot be 'many': not a whole number; allowed
            io: {threads: 0}                    | 'io.threads' cannot be '0': out of range, 1 to 256; allowed: whole
            io: {threads: 257}                  | out of range, 1 to 256
            io: {threads: [1]}                  | 'io.threads' cannot be a list
            io: {threads: {a: 1}}               | 'io.threads' cannot be a mapping
            io: {threads: ''}                   | 'io.threads' cannot be ''
            io: {threads: }                     | 'io.threads' has no value
            io: {threads: !!binary AAAA}        | cannot have the tag
            io: {direct: yes}                   | 'io.direct' cannot be 'yes': not one of false
            io: {engine: uring}                 | not one of auto
            io: [1, 2]                          | f.yaml:1:5: 'io' is a section with keys of its own, not a list
            io: 5                               | not a single value; its keys: io.direct, io.engine, io.threads
            - a                                 | f.yaml:1:1: the file holds a list, not keys with values
            {[a]: b}                            | a key cannot be a list
            nbd: {listen: []}                   | 'nbd.listen' is an empty list
            nbd: {listen: 'tcp:host'}           | has no port
            nbd: {listen: 'tcp:[::]:10809'}     | f.yaml:1:1: nbd.listen names tcp:[::]:10809, where whoever reaches
            nbd: {listen: 'tcp:a:1'}            | set nbd.tls_certificate, nbd.tls_key and nbd.tls_client_authorities
            nbd: {listen: 'tcp:a:1', insecure: no} | 'nbd.insecure' cannot be 'no': not one of false | true
            nbd: {tls_certificate: /c, tls_key: /k} | nbd.tls_client_authorities is missing
            nbd: {tls_certificate: /c, tls_key: /k, tls_client_authorities: /a, insecure: true} | contradict
            nbd: {socket_mode: "0666"}          | others not write
            nbd: {listen: ['unix:/a', 'unix:/a']} | f.yaml:1:1: nbd.listen names an address twice
            nbd: {listen: 'http://x'}           | neither unix:
            nbd: {listen: 'unix:relative'}      | not absolute
            nbd: {idle_handshake_timeout: 30}   | not a duration like 30s
            nbd: {idle_handshake_timeout: 2h}   | out of range, 1s to 1h
            admin: {listen: 'tcp:0.0.0.0:1'}    | administration is served on a Unix socket only
            admin: {socket_mode: '0666'}        | others not write
            admin: {socket_mode: '9'}           | not three octal digits
            admin: {socket_group: 'a b'}        | not a group name
            cache: {buffers: 100MiB}            | not a power of two
            cache: {buffers: 64MB}              | not a size like 64MiB
            cache: {buffers: 99999999999TiB}    | too large
            cache: {dirty_low: 20}              | not a whole percentage like 20%
            cache: {dirty_low: 85%}             | f.yaml:1:1: cache.dirty_low is 85%, must be less than cache.dirty_high (80%)
            state_directory: var                | not an absolute path
            a: b: c                             | f.yaml:1:5: not valid YAML
            a: *x                               | not valid YAML
            io: &x {threads: *x}                | 'io.threads' cannot be a mapping
            """)
    void shouldSayWhereAndWhatWhenAValueIsWrong(String text, String expected) {
        assertThatThrownBy(() -> parse(text))
                .isInstanceOf(ConfigException.class)
                .message()
                .contains(expected);
    }

    @Test
    void shouldReportAllProblemsInTheOrderOfTheFile() {
        ConfigException e = catchThrowableOfType(
                ConfigException.class, () -> parse("io:\n  threads: x\n  engin: auto\ncache:\n  buffers: 1\nq: 1\n"));

        assertThat(e.problems()).extracting(ConfigException.Problem::line).containsExactly(2, 3, 5, 6);
        assertThat(e).hasMessageMatching("(?:f\\.yaml:\\d+:\\d+: [^\n]+\n?){4}");
    }

    @Test
    void shouldSayWhyWhenTheFileCannotBeRead(@TempDir Path directory) throws Exception {
        Path large = directory.resolve("large.yaml");
        Files.write(large, new byte[ConfigLoader.MAX_FILE_BYTES + 1]);
        Path binary = directory.resolve("binary.yaml");
        Files.write(binary, new byte[] {'a', (byte) 0xC3, 0x28});

        assertThatThrownBy(() -> ConfigLoader.load(directory.resolve("none.yaml")))
                .hasMessageContainingAll("none.yaml: does not exist", "--config");
        assertThatThrownBy(() -> ConfigLoader.load(directory))
                .isInstanceOf(ConfigException.class)
                .hasMessage(directory + ": cannot be read: is a directory");
        assertThatThrownBy(() -> ConfigLoader.load(large)).hasMessageContaining("larger than");
        assertThatThrownBy(() -> ConfigLoader.load(binary)).hasMessageContaining("not UTF-8");
    }

    @Test
    void shouldRefuseWhenBothServicesAreToListenOnOneSocket() {
        assertThatThrownBy(() -> parse("""
                        nbd: {listen: ["tcp:[::1]:0", "unix:/run/a"], insecure: true}
                        admin: {listen: "unix:/run/a"}
                        """))
                .isInstanceOf(ConfigException.class)
                .hasMessage("f.yaml:2:9: admin.listen is unix:/run/a, and so is nbd.listen; give each its own socket");
    }

    @Test
    void shouldGiveAConfigOrAConfigExceptionWhenTheFileIsMutatedAtRandom() throws Exception {
        long seed = Long.getLong("config.seed", 20_261_122L);
        Random random = new Random(seed);
        byte[] full = FULL.getBytes(StandardCharsets.UTF_8);
        int accepted = 0;
        int refused = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = mutate(full, random);
            try {
                assertThat(ConfigLoader.parse("f.yaml", bytes)).isNotNull();
                accepted++;
            } catch (ConfigException e) {
                assertThat(e.problems()).isNotEmpty();
                refused++;
            } catch (RuntimeException | Error e) {
                throw new AssertionError(
                        "seed " + seed + " round " + round + ":\n" + new String(bytes, StandardCharsets.UTF_8), e);
            }
        }
        assertThat(accepted).isPositive();
        assertThat(refused).isPositive();
    }

    @Test
    void shouldRefuseWhenCollectionsAreNestedWithoutEnd() {
        assertThatThrownBy(() -> parse("[".repeat(60_000))).isInstanceOf(ConfigException.class);
        assertThatThrownBy(() -> parse("a: {".repeat(10_000))).isInstanceOf(ConfigException.class);
    }

    /** A few bytes replaced, dropped, doubled or swapped for ones that mean something in YAML. */
    private static byte[] mutate(byte[] original, Random random) {
        byte[] syntax = ":-[]{}#&*!|>'\"%@` \n\t,?~.0".getBytes(StandardCharsets.UTF_8);
        byte[] bytes = original.clone();
        for (int i = 1 + random.nextInt(4); i > 0; i--) {
            int at = random.nextInt(bytes.length);
            int length = Math.min(1 + random.nextInt(12), bytes.length - at);
            switch (random.nextInt(4)) {
                case 0 -> bytes[at] = (byte) random.nextInt(256);
                case 1 -> bytes[at] = syntax[random.nextInt(syntax.length)];
                case 2 -> bytes = join(Arrays.copyOf(bytes, at), tail(bytes, at + length));
                default -> bytes = join(Arrays.copyOf(bytes, at + length), tail(bytes, at));
            }
        }
        return bytes;
    }

    private static byte[] tail(byte[] bytes, int from) {
        return Arrays.copyOfRange(bytes, from, bytes.length);
    }

    private static byte[] join(byte[] head, byte[] tail) {
        byte[] joined = Arrays.copyOf(head, head.length + tail.length);
        System.arraycopy(tail, 0, joined, head.length, tail.length);
        return joined;
    }

    private static Config parse(String text) throws ConfigException {
        return ConfigLoader.parse("f.yaml", text.getBytes(StandardCharsets.UTF_8));
    }
}
