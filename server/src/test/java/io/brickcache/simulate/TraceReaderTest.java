package io.brickcache.simulate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TraceReaderTest {

    private static final String CSV = """
            time_us,op,offset,length
            0,W,8192,4096
            1500,R,0,512
            1500,F,0,0
            9000,U,1048576,65536
            """;

    private static final String BLKPARSE = """
              8,0    1        1     1.000000000   697  Q  WS 2048 + 8 [kworker/1:1]
              8,0    1        2     1.000001000   697  G  WS 2048 + 8 [kworker/1:1]
              8,0    1        3     1.000002000   697  D  WS 2048 + 16 [kworker/1:1]
              8,0    1        0     1.000002500     0  m   N bfq insert_request
              8,0    0        1     1.002002000     0  C  WS 2048 + 16 [0]
              8,0    0        2     1.500002000   698  D   R 0 + 1 [cat]
              8,0    0        3     1.600002000   698  D   D 64 + 1024 [fstrim]
              8,0    0        4     1.700002000   698  D FWFS 4096 + 8 [jbd2/sda1-8]
              8,0    0        5     1.800002000   698  D  FN [kworker/0:1H]
            CPU0 (sda):
             Reads Queued:           1,        1KiB  Writes Queued:           0,        0KiB
            Total (sda):
             Reads Queued:           1,        1KiB  Writes Queued:           0,        0KiB
            """;

    private static final String IOLOG = """
            fio version 3 iolog
            16 /dev/sdb add
            83 /dev/sdb open
            87 /dev/sdb read 249856 4096
            1120 /dev/sdb write 3104768 8192
            1130 /dev/sdb sync 0 0
            1140 /dev/sdb trim 0 4096
            2000 /dev/sdb close
            """;

    @Test
    void shouldReadCsv() throws TraceException {
        Trace trace = read(CSV);
        assertThat(requests(trace))
                .containsExactly(
                        "0 WRITE 8192+4096",
                        "1500000 READ 0+512",
                        "1500000 FLUSH 0+0",
                        "9000000 UNKNOWN 1048576+65536");
        assertThat(trace.isTimed()).isTrue();
        assertThat(trace.endBytes()).isEqualTo(1048576 + 65536);
        assertThat(trace.name()).isEqualTo("a.csv");
    }

    @Test
    void shouldReadWhatIsIssuedWhenBlkparseShowsAllEvents() throws TraceException {
        Trace trace = read(BLKPARSE);
        assertThat(requests(trace))
                .containsExactly(
                        "0 WRITE 1048576+8192",
                        "500000000 READ 0+512",
                        "700000000 FLUSH 0+0",
                        "700000000 WRITE_FUA 2097152+4096",
                        "800000000 FLUSH 0+0");
        assertThat(trace.isTimed()).isTrue();
    }

    @Test
    void shouldReadWhatIsQueuedWhenBlkparseShowsNothingIssued() throws TraceException {
        String queued = "  8,0 1 1 0.000000000 697 Q WS 2048 + 8 [a]\n  8,0 1 2 0.250000000 697 Q RA 0 + 8 [a]\n";
        assertThat(requests(read(queued))).containsExactly("0 WRITE 1048576+4096", "250000000 READ 0+4096");
    }

    @Test
    void shouldReadAnIologOfVersion3() throws TraceException {
        Trace trace = read(IOLOG);
        assertThat(requests(trace))
                .containsExactly("0 READ 249856+4096", "1033000 WRITE 3104768+8192", "1043000 FLUSH 0+0");
        assertThat(trace.isTimed()).isTrue();
    }

    @Test
    void shouldReadAnIologOfVersion2WithoutTimes() throws TraceException {
        Trace trace = read(
                "fio version 2 iolog\nf add\nf open\nf read 0 4096\nf wait 100 0\nf write 4096 4096\nf datasync 0 0\n");
        assertThat(requests(trace))
                .extracting(line -> line.substring(line.indexOf(' ') + 1))
                .containsExactly("READ 0+4096", "WRITE 4096+4096", "FLUSH 0+0");
        assertThat(trace.isTimed()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0,R,0,512\n1,R,512,512\n2,R,0,512\n", "1,R,0,512\n2,R,512,512\n"})
    void shouldHaveNoTimesWhenTheyOnlyNumberTheRequests(String lines) throws TraceException {
        assertThat(read("time_us,op,offset,length\n" + lines).isTimed()).isFalse();
    }

    @Test
    void shouldUnpackWhatIsGzippedWhateverItsName(@TempDir Path directory) throws Exception {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            out.write(CSV.getBytes(StandardCharsets.US_ASCII));
        }
        Path file = directory.resolve("trace");
        Files.write(file, packed.toByteArray());
        assertThat(requests(TraceReader.read(file))).isEqualTo(requests(read(CSV)));
    }

    @Test
    void shouldCountBlocksOnceThatAreTouchedTwice() throws TraceException {
        Trace trace = read("time_us,op,offset,length\n0,R,3584,1024\n5,R,0,8192\n9,W,17179869184,65536\n");
        assertThat(trace.uniqueBlocks(4096)).isEqualTo(2 + 16);
        assertThat(trace.uniqueBlocks(65536)).isEqualTo(1 + 1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0,R,0|fewer than four fields",
                "0,X,0,512|the op 'X' is unknown; use R, W, F or U",
                "zero,R,0,512|the time_us 'zero' is not a number",
                "0,R,-512,512|the offset '-512' is not a number",
                "0,R,0,|the length '' is not a number",
                "0,R,100,512|multiples of 512 bytes",
                "0,R,0,67108864|divide longer requests",
                "0,R,0,0|divide longer requests",
                "0,R,999999999999999999,512|beyond the 64 TiB",
                "99999999999999999,R,0,512|out of range",
                "9999999999999999999999,R,0,512|not a number",
            })
    void shouldNameFileLineAndRemedyWhenALineIsBad(String line, String said) {
        assertThatThrownBy(() -> read("time_us,op,offset,length\n0,R,0,512\n\n" + line + "\n"))
                .isInstanceOf(TraceException.class)
                .hasMessageStartingWith("a.csv, line 4: ")
                .hasMessageContaining(said)
                .hasMessageContaining("; ");
    }

    @Test
    void shouldRefuseTimesThatGoBack() {
        assertThatThrownBy(() -> read("time_us,op,offset,length\n7,R,0,512\n6,R,0,512\n"))
                .hasMessage("a.csv, line 3: its time is before that of the request before it; sort the trace by time");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "fio version 3 iolog\\n1 a read 0 512\\n2 b read 0 512|line 3: it is about the file b, those before about a",
                "fio version 3 iolog\\n1 a\\n|line 2: it has 2 fields",
                "fio version 2 iolog\\na jump 0 512|line 2: the action 'jump' is unknown",
                "fio version 2 iolog\\na read 0|line 2: a read needs an offset and a length",
                "8,0 1 1 0.000000000 9 D R 0 + 8 [a]\\n8,16 1 1 0.000000000 9 D R 0 + 8 [a]|line 2: it is about the device 8,16",
                "8,0 1 1 0.000000000 9 D R 9999999999999999 + 8 [a]|line 1: sector 9999999999999999 lies on no disk",
                "8,0 1 1 0.000000000 9 D R 0 + 8 [a]\\n8,0 1 1 0.5 9 D R 0 + 8 [a]|line 2: the time '0.5' has no nine decimals",
                "hello|line 1: this is no trace that is known",
                "time_us,op,offset,length|has no read and no write",
            })
    void shouldSayWhatIsWrongWithATextThatIsNoTraceOfOneDisk(String text, String said) {
        assertThatThrownBy(() -> read(text.replace("\\n", "\n")))
                .isInstanceOf(TraceException.class)
                .hasMessageStartingWith("a.csv")
                .hasMessageContaining(said)
                .hasMessageContaining("; ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\u0007tae\u0001\u0002", "eat\u0007\u0001\u0002"})
    void shouldNameBlkparseWhenTheTraceIsBinary(String start) {
        assertThatThrownBy(() -> read(start)).hasMessageContaining("blkparse -i a.csv");
    }

    @Test
    void shouldSayThatATraceIsEmpty() {
        assertThatThrownBy(() -> read("\n")).hasMessageStartingWith("a.csv is empty; a trace is");
    }

    @Test
    void shouldNameTheLineWhenAGzippedTraceIsCutShort(@TempDir Path directory) throws Exception {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            out.write(CSV.getBytes(StandardCharsets.US_ASCII));
        }
        Path file = directory.resolve("cut.gz");
        byte[] bytes = packed.toByteArray();
        Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length - 12));
        assertThatThrownBy(() -> TraceReader.read(file))
                .isInstanceOf(TraceException.class)
                .hasMessageContaining("cut.gz, after line ")
                .hasMessageContaining("is it complete?");
    }

    @Test
    void shouldSayWhatToDoWhenAFileCannotBeOpened(@TempDir Path directory) throws IOException {
        assertThatThrownBy(() -> TraceReader.read(directory.resolve("none")))
                .isInstanceOf(TraceException.class)
                .hasMessageContaining("does not exist; name a trace");
        assertThatThrownBy(() -> TraceReader.read(directory))
                .isInstanceOf(TraceException.class)
                .hasMessageContaining("is a directory; name a trace in it");
    }

    private static Trace read(String text) throws TraceException {
        return TraceReader.read("a.csv", new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1)));
    }

    /** Time in nanoseconds, operation, offset and length. */
    private static List<String> requests(Trace trace) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < trace.count(); i++) {
            lines.add(trace.timeNs(i) + " " + trace.op(i) + " " + trace.offset(i) + "+" + trace.length(i));
        }
        return lines;
    }
}
