package io.brickcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.client.TestClient.Ran;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SimulateCommandTest {

    /** A write of a MiB and a hit: 2.197152 ms and 0.108192 ms, then 25.48576 ms for the flush. */
    private static final String CSV = """
            time_us,op,offset,length
            0,W,0,1048576
            500000,R,4096,4096
            """;

    @TempDir
    Path directory;

    private TestClient client;

    @BeforeEach
    void start() throws IOException {
        client = TestClient.start(directory);
        // It needs no daemon.
        client.stopServer();
    }

    @AfterEach
    void stop() {
        client.close();
    }

    private Path trace(String text) throws IOException {
        return Files.writeString(directory.resolve("trace"), text);
    }

    @Test
    void shouldShowTheCacheBesideTheDiskAlone() throws IOException {
        Ran ran = client.run("simulate", trace(CSV).toString(), "--cache", "8MiB");
        assertThat(ran.exit()).isZero();
        assertThat(ran.out())
                .containsPattern("^ +write-back +none\n")
                .containsPattern("\nrequests +2 +2\n")
                .containsPattern("\narrival +as traced +as traced\n")
                .containsPattern("\ncache, blocks +2048 of 256 +-\n")
                .containsPattern("\ntotal, ms/request +13.896 +20.263\n")
                .containsPattern("\nwrite service, mean ms +2.197 +25.486\n")
                .containsPattern("\nhits, whole reads +100.0% +-\n")
                .containsPattern("\ndemoted blocks +256 +-\n");
    }

    @Test
    void shouldShowTheDiskAloneWhenNoCacheIsWanted() throws IOException {
        Ran ran = client.run("simulate", trace(CSV).toString(), "--mode", "none", "--closed-loop");
        assertThat(ran.exit()).isZero();
        assertThat(ran.out()).containsPattern("^ +none\n").containsPattern("\narrival +closed loop\n");
        assertThat(ran.out()).doesNotContain("write-back").doesNotContain("SSD");
    }

    @Test
    void shouldReadAGzippedTraceFromStdinAndWriteJson() throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            out.write(CSV.getBytes(StandardCharsets.US_ASCII));
        }
        client.typed = packed.toString(StandardCharsets.ISO_8859_1);
        Ran ran = client.run("simulate", "-", "--cache", "50%", "-o", "json");
        assertThat(ran.exit()).isZero();
        assertThat(ran.out())
                .contains("\"trace\": \"stdin\"")
                .contains("\"cache_blocks\": 128")
                .contains("\"cached\": {\n    \"requests\": 2")
                .contains("\"around_bytes\": {\n      \"full\": 1048576")
                .contains("\"none\": {");
    }

    @Test
    void shouldShowHowFarItIsWhenThereIsMuchToDo() throws IOException {
        StringBuilder csv = new StringBuilder("time_us,op,offset,length\n");
        for (int i = 0; i < 3000; i++) {
            csv.append("0,R,").append(4096L * i).append(",4096\n");
        }
        Ran ran = client.run("simulate", trace(csv.toString()).toString());
        assertThat(ran.err()).contains("trace: 16%, 1000 requests of 6000 requests\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "--cache 0%|2|'0%' is no share; use one from 0.1% to 100%",
                "--cache 101%|2|'101%' is no share",
                "--cache much|2|'much' is not a size such as 4KiB",
                "--block 5KiB|2|--block is 5 KiB, must be a power of two from 4KiB to 64KiB",
                "--block 128KiB|2|must be a power of two from 4KiB to 64KiB",
                "--disk floppy|2|'floppy' is no disk that is known; use sata-5400 or sata-7200",
                "--mode write-through|2|expected one of",
                "--cache 8KiB|1|a cache of 2 blocks cannot be simulated",
            })
    void shouldSayWhatToDoWhenAnOptionIsWrong(String options, int exit, String said) throws IOException {
        Path trace = trace(CSV);
        String[] words = ("simulate " + trace + " " + options).split(" ");
        Ran ran = client.run(words);
        assertThat(ran.exit()).isEqualTo(exit);
        assertThat(ran.err()).startsWith("brickcache: ").contains(said);
        assertThat(ran.out()).isEmpty();
    }

    @Test
    void shouldNameTheLineWhenATraceIsBad() throws IOException {
        Path trace = trace(CSV + "1000000,X,0,512\n");
        Ran ran = client.run("simulate", trace.toString());
        assertThat(ran.exit()).isEqualTo(1);
        assertThat(ran.err()).isEqualTo("brickcache: " + trace + ", line 4: the op 'X' is unknown; use R, W, F or U\n");
    }

    @Test
    void shouldSayThatThereIsNoSuchTrace() {
        Ran ran = client.run("simulate", directory.resolve("none").toString());
        assertThat(ran.exit()).isEqualTo(1);
        assertThat(ran.err()).contains("none does not exist; name a trace");
    }
}
