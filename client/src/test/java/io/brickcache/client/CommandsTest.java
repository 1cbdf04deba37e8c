package io.brickcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.BrickView;
import io.brickcache.admin.LostView;
import io.brickcache.admin.Reason;
import io.brickcache.admin.ScrubView;
import io.brickcache.client.TestClient.Ran;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CommandsTest {
    @TempDir
    Path directory;

    private TestClient client;

    @BeforeEach
    void start() throws IOException {
        client = TestClient.start(directory);
    }

    @AfterEach
    void stop() {
        client.close();
    }

    @Test
    void shouldCreateAttachFlushDetachAndDeleteWhenAskedInTurn() {
        Ran created = client.run("cache", "create", "fast", "--directory", "/ssd/fast", "--size", "1GiB");
        assertThat(created.exit()).isZero();
        assertThat(created.out()).isEmpty();
        assertThat(created.err()).endsWith("brickcache: cache fast created, 1 GiB; takes 150 MiB of memory\n");
        Ran attached = client.run("brick", "attach", "b1", "--cache", "fast", "--device", "/dev/sdb");
        assertThat(attached)
                .isEqualTo(new Ran(
                        0,
                        "nbd+unix:///b1?socket=/run/brickcache/nbd.sock\n",
                        "brickcache: brick b1 attached, 8 GiB\n"));
        client.node.write("b1", 64 << 20, Duration.ofSeconds(3));
        assertThat(client.run("brick", "flush", "b1").err())
                .endsWith("brickcache: brick b1 flushed, 0 B written since are dirty\n");
        assertThat(client.node.brick("b1").dirtyBytes()).isZero();
        assertThat(client.run("brick", "detach", "b1").exit()).isZero();
        assertThat(client.run("cache", "delete", "fast", "--yes"))
                .isEqualTo(new Ran(0, "", "brickcache: cache fast deleted\n"));
        assertThat(client.node.caches()).isEmpty();
    }

    @Test
    void shouldPassEveryOptionOnWhenACacheIsCreated() {
        Ran created = client.run(
                "-o",
                "json",
                "cache",
                "create",
                "fast",
                "--directory",
                "rel",
                "--size",
                "1GiB",
                "--block",
                "16KiB",
                "--data",
                "/dev/nvme0n1");
        assertThat(created.out())
                .contains("\"directory\": \"" + Path.of("rel").toAbsolutePath() + "\"")
                .contains("\"data_path\": \"/dev/nvme0n1\"")
                .contains("\"block_bytes\": 16384")
                .contains("\"size_bytes\": 1073741824");
    }

    @Test
    void shouldRefuseToDetachDirtyDataUnlessFlushIsGiven() {
        client.addCache("fast");
        client.addBrick("b1", "fast");
        client.node.write("b1", 4096, Duration.ofSeconds(3));

        assertThat(client.run("brick", "detach", "b1"))
                .isEqualTo(new Ran(
                        4,
                        "",
                        "brickcache: brick b1 has 4096 bytes that its disk does not have yet; write them with:"
                                + " brickcache brick detach b1 --flush\n"));
        assertThat(client.run("brick", "detach", "b1", "--flush").exit()).isZero();
        assertThat(client.node.bricks()).isEmpty();
    }

    @Test
    void shouldDetachABrickWhoseDiskIsGoneOnlyWhenItsDataIsGivenUp() {
        client.addCache("fast");
        client.addBrick("b1", "fast");
        client.node.write("b1", 4096, Duration.ofSeconds(3));
        assertThat(client.run("brick", "detach", "b1", "--give-up-dirty").exit())
                .isEqualTo(4);
        client.node.change("b1", BrickView.State.UNAVAILABLE, "its disk is gone");

        assertThat(client.run("brick", "detach", "b1", "--flush"))
                .isEqualTo(new Ran(
                        4,
                        "",
                        "brickcache: brick b1 is unavailable: nothing can be written to its disk; why, and what to do,"
                                + " says: brickcache brick show b1\n"));
        assertThat(client.run("brick", "detach", "b1", "--give-up-dirty"))
                .isEqualTo(new Ran(0, "", "brickcache: brick b1 detached, 4 KiB that only the SSD had are given up\n"));
        assertThat(client.node.bricks()).isEmpty();
    }

    @Test
    void shouldSayPlainProgressOnceASecondWhenStderrIsNoTerminal() {
        Ran created = client.run("cache", "create", "fast", "--directory", "/ssd/fast", "--size", "1GiB");
        // The test's time moves on by 0.4 s with every message.
        assertThat(created.err().lines())
                .containsExactly(
                        "brickcache: creating cache fast: 0%, 0 B of 1 GiB",
                        "brickcache: creating cache fast: 75%, 768 MiB of 1 GiB",
                        "brickcache: cache fast created, 1 GiB; takes 150 MiB of memory");
    }

    @Test
    void shouldDrawABarWhenStderrIsATerminal() {
        client.terminals = new Shell.Terminals(false, false, true);
        client.environment.put("COLUMNS", "70");
        Ran created = client.run("cache", "create", "fast", "--directory", "/ssd/fast", "--size", "1GiB");
        List<String> drawn = List.of(created.err().split("\r\u001b\\[K", -1));
        assertThat(drawn).contains("creating cache fast [############------------] 50% 512 MiB of 1 GiB, ");
        assertThat(drawn).allSatisfy(line -> assertThat(line.length()).isLessThan(70));
        assertThat(drawn.get(drawn.size() - 1))
                .isEqualTo("brickcache: cache fast created, 1 GiB; takes 150 MiB of memory\n");
    }

    @Test
    void shouldAskForTheNameWhenACacheIsDeletedOnATerminal() {
        client.addCache("fast");
        client.terminals = new Shell.Terminals(true, true, true);
        client.typed = "yes\n";
        Ran refused = client.run("cache", "delete", "fast");
        assertThat(refused.exit()).isEqualTo(1);
        assertThat(refused.err()).contains("Type its name").contains("is not deleted");
        assertThat(client.node.caches()).hasSize(1);
        client.typed = "fast\n";
        assertThat(client.run("cache", "delete", "fast").exit()).isZero();
        assertThat(client.node.caches()).isEmpty();
    }

    @Test
    void shouldEndAsUsageErrorWhenNobodyCanConfirm() {
        client.addCache("fast");
        Ran refused = client.run("cache", "delete", "fast");
        assertThat(refused.exit()).isEqualTo(2);
        assertThat(refused.err()).contains("add --yes");
        assertThat(client.node.caches()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({
        "CACHE_NOT_FOUND, 3",
        "BRICK_NOT_FOUND, 3",
        "CACHE_EXISTS, 4",
        "BRICK_EXISTS, 4",
        "INVALID_ARGUMENT, 2",
        "CACHE_HAS_BRICKS, 4",
        "BRICK_DIRTY, 4",
        "BRICK_UNAVAILABLE, 4",
        "BRICK_IN_USE, 4",
        "DEVICE_IN_USE, 4",
        "DEVICE_UNSUITABLE, 4",
        "NO_SPACE, 1",
        "BUSY, 4",
        "CANCELLED, 1",
        "SHUTTING_DOWN, 5",
        "IO_FAILURE, 1",
        "METADATA_CORRUPT, 1",
        "INTERNAL, 1"
    })
    void shouldEndWithTheExitCodeOfTheReason(Reason reason, int exit) {
        client.node.failNext(new AdminException(reason, "the thing is so", "do that", Map.of()));
        assertThat(client.run("brick", "flush", "b1"))
                .isEqualTo(new Ran(exit, "", "brickcache: the thing is so; do that\n"));
    }

    @Test
    void shouldNameTheSocketAndTheRemedyWhenTheDaemonIsNotThere() {
        client.stopServer();
        Ran ran = client.run("status");
        assertThat(ran.exit()).isEqualTo(5);
        assertThat(ran.out()).isEmpty();
        assertThat(ran.err())
                .isEqualTo("brickcache: no daemon at " + directory.resolve("a.sock")
                        + "; start it (systemctl start brickcached) or name another --endpoint\n");
    }

    @Test
    void shouldEndAsTimedOutWhenTheAnswerTakesTooLong() throws IOException {
        Path deaf = directory.resolve("deaf.sock");
        try (var listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(deaf));
            Ran ran = client.run("cache", "list", "--timeout", "50ms", "--endpoint", "unix:" + deaf);
            assertThat(ran.exit()).isEqualTo(6);
            assertThat(ran.err()).contains("within 50 ms").contains("--timeout");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'', Missing required subcommand",
        "cache, Missing required subcommand",
        "cache create x --directory /d, --size",
        "cache create x --directory /d --size 10GB, is not a size",
        "cache create x --directory /d --size 1GiB --block 3KiB, block_bytes",
        "cache create x --directory /d --size 99999999999PiB, more than",
        "cache show bad/name, name: 'bad/name'",
        "cache create x --directory= --size 1GiB, no path is given",
        "cache create x --directory /d --size 1GiB --data=, no path is given",
        "brick attach b --cache x --device=, no path is given",
        "brick detach b --flush --give-up-dirty, --give-up-dirty: not together with --flush",
        "status --timeout 0s, is not a time",
        "status -o xml, xml",
        "cache create x --directory --siz 10G, but found '--siz'",
        "status --endpoint /run/x.sock, is no endpoint",
        "nonsense, nonsense"
    })
    void shouldEndAsUsageErrorOnOneLineWhenTheArgumentsAreWrong(String arguments, String complaint) {
        Ran ran = client.run(arguments.isEmpty() ? new String[0] : arguments.split(" "));
        assertThat(ran.exit()).isEqualTo(2);
        assertThat(ran.out()).isEmpty();
        assertThat(ran.err().lines())
                .singleElement()
                .asString()
                .startsWith("brickcache: ")
                .contains(complaint);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "cache create x --siz 10G --directory /d  | --siz | --size | cache create",
                "cache create --siz 10G                   | --siz | --size | cache create",
                "cache create x --siz=10G --directory /d  | --siz | --size | cache create",
                "cache create x --size 1GiB --directry /d | --directry | --directory | cache create",
                "cache create x --siz 10G --block 3       | --siz | --size | cache create",
                "cache create x --dir /d --size 1GiB      | --dir | --directory | cache create",
                "cache scrub --rat 1MiB/s                 | --rat | --rate | cache scrub",
                "brick detach b --flsh                    | --flsh | --flush | brick detach",
                "brick attach b --cache c --devise /d     | --devise | --device | brick attach",
                "map --wiat 5s b                          | --wiat | --wait | map",
                "simulate --modle write-back              | --modle | --mode | simulate",
                "--endpont unix:/x cache create           | --endpont | --endpoint | ''",
                "cache --timeot 5s create                 | --timeot | --timeout | cache"
            })
    void shouldNameTheUnknownOptionAndTheNearestWhenAnOptionIsMisspelt(
            String arguments, String unknown, String nearest, String command) {
        Ran ran = client.run(arguments.split(" "));

        assertThat(ran)
                .isEqualTo(new Ran(
                        2,
                        "",
                        "brickcache: Unknown option: '" + unknown + "' (did you mean '" + nearest + "'?); see "
                                + ("brickcache " + command).strip() + " --help\n"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "cache craete x --size 1GiB | Unknown command: 'craete' (did you mean 'create'?); see brickcache cache",
                "stauts                     | Unknown command: 'stauts' (did you mean 'status'?); see brickcache",
                "brick detach b1 b2         | Unexpected argument: 'b2'; see brickcache brick detach",
                "map b1 b2                  | Unexpected argument: 'b2'; see brickcache map",
                "cache create x y           | Unexpected argument: 'y'; see brickcache cache create",
                "status --nonsense          | Unknown option: '--nonsense'; see brickcache status",
                "nonsense                   | Unknown command: 'nonsense'; see brickcache"
            })
    void shouldNameTheFirstArgumentThatNoCommandKnows(String arguments, String complaint) {
        assertThat(client.run(arguments.split(" ")))
                .isEqualTo(new Ran(2, "", "brickcache: " + complaint + " --help\n"));
    }

    @Test
    void shouldTakeGlobalOptionsAtEveryLevel() {
        client.addCache("fast");
        String json = client.run("cache", "show", "fast", "-o", "json").out();
        assertThat(json).startsWith("{");
        assertThat(client.run("-o", "json", "cache", "show", "fast").out()).isEqualTo(json);
        assertThat(client.run("cache", "-o", "JSON", "show", "fast").out()).isEqualTo(json);
    }

    @Test
    void shouldListWhatSpansSeveralPagesWhenThereAreMany() {
        client.addCache("fast");
        for (int i = 0; i < 230; i++) {
            client.addBrick(String.format("b%03d", i), "fast");
        }
        List<String> lines = client.run("brick", "list").out().lines().toList();
        assertThat(lines).hasSize(231);
        assertThat(lines.get(230)).startsWith("b229 ");
    }

    @Test
    void shouldAnswerWhetherDataIsSafeWhenAllServes() {
        client.addCache("fast");
        client.addBrick("b1", "fast");
        client.addBrick("b2", "fast");
        client.node.write("b1", 3 << 19, Duration.ofSeconds(250));
        client.node.write("b2", 1 << 20, Duration.ofSeconds(2));

        assertThat(client.run("status").out()).isEqualTo("""
                        all data safe: 2 bricks serving, 2.5 MiB dirty on SSD, the oldest for 4m 10s
                        brickcached 1.2.3 serving for 1d 2h, io_uring

                        BRICK  STATE    MODE         CACHED    DIRTY  OLDEST   HITS  DEMOTED   AROUND
                        b1     serving  write-back  514 MiB  1.5 MiB  4m 10s  90.0%    1 MiB  976 KiB
                        b2     serving  write-back  513 MiB    1 MiB      2s  90.0%    1 MiB  976 KiB
                        total                       1.0 GiB  2.5 MiB  4m 10s  90.0%    2 MiB  1.9 MiB
                        """);
    }

    @Test
    void shouldRemarkThatADiskIsLargerAndThatAllIsSafeUntilTheBrickHasGrown() {
        client.addCache("fast");
        client.addBrick("b1", "fast");
        client.addBrick("b2", "fast");
        assertThat(client.run("brick", "show", "b1").out()).doesNotContain("unused");
        client.node.resizeDisk("b1", 10L << 30);
        client.node.resizeDisk("b2", 6L << 30);

        List<String> lines = client.run("status").out().lines().toList();

        String larger = "10 GiB, 2 GiB unused; to use them: brickcache brick grow b1";
        assertThat(lines.get(0)).isEqualTo("all data safe: 2 bricks serving, nothing dirty");
        assertThat(lines.get(1)).isEqualTo("  remark: brick b1: its disk has " + larger);
        assertThat(lines.get(2)).startsWith("brickcached ");
        assertThat(client.run("brick", "show", "b1").out()).containsPattern("size +8 GiB\ndisk +" + larger + "\n");
        assertThat(client.run("brick", "show", "b2").out()).doesNotContain("unused");
        assertThat(client.run("status", "-o", "json").out())
                .contains("\"safe\": true", "\"problems\": []", "\"brick b1: its disk has " + larger + "\"")
                .contains("\"disk_size_bytes\": 10737418240");

        client.run("brick", "grow", "b1");

        assertThat(client.run("status").out()).doesNotContain("remark");
        assertThat(client.run("status", "-o", "json").out()).contains("\"remarks\": []");
        assertThat(client.run("brick", "show", "b1").out()).doesNotContain("unused");
    }

    @Test
    void shouldNameEveryProblemWhenBricksNeedAttention() {
        client.addCache("fast");
        client.addBrick("b1", "fast");
        client.addBrick("b2", "fast");
        client.node.change("b2", BrickView.State.FENCED, "sector 77 differs from the disk");
        client.terminals = new Shell.Terminals(true, true, true);

        List<String> lines = client.run("status").out().lines().toList();
        assertThat(lines.get(0)).isEqualTo("\u001b[1;31m1 brick needs attention\u001b[0m");
        assertThat(lines.get(1)).isEqualTo("  brick b2: fenced, sector 77 differs from the disk");
        client.environment.put("NO_COLOR", "1");
        assertThat(client.run("status").out()).startsWith("1 brick needs attention\n");
        assertThat(client.run("status", "-o", "json").out())
                .contains("\"safe\": false")
                .contains("\"brick b2: fenced, sector 77 differs from the disk\"");
    }

    @Test
    void shouldCutTheWidestTextAndKeepTheRestAlignedWhenColumnsAreFew() {
        client.addCache("fast");
        client.addBrick("a-brick-with-a-rather-long-name", "fast");
        client.environment.put("COLUMNS", "100");
        List<String> lines = client.run("brick", "list").out().lines().toList();
        assertThat(lines).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(100));
        assertThat(lines.get(1)).contains("...").contains("write-back");
        assertThat(lines.get(1).indexOf("write-back")).isEqualTo(lines.get(0).indexOf("MODE"));
    }

    @Test
    void shouldShowItsVersionWhetherTheDaemonAnswersOrNot() {
        String own = VersionCommand.clientVersion();
        assertThat(own).matches("[0-9]+\\.[0-9]+\\.[0-9]+.*");
        assertThat(client.run("version")).isEqualTo(new Ran(0, "brickcache   " + own + "\nbrickcached  1.2.3\n", ""));
        client.stopServer();
        Ran alone = client.run("version", "-o", "json");
        assertThat(alone.exit()).isZero();
        assertThat(alone.out()).isEqualTo("{\n  \"client_version\": \"" + own + "\",\n  \"daemon_version\": null\n}\n");
        assertThat(alone.err()).contains("no daemon at");
    }

    @Test
    void shouldPrintACompletionThatBashAccepts() throws Exception {
        Ran ran = client.run("completion", "bash");
        assertThat(ran.exit()).isZero();
        Path script = Files.writeString(directory.resolve("completion"), ran.out());
        Process bash = new ProcessBuilder(
                        "bash",
                        "-c",
                        ". " + script + "; COMP_WORDS=(brickcache brick fl); COMP_CWORD=2;"
                                + " _complete_brickcache; echo \"${COMPREPLY[@]}\"")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEqualTo("flush\n");
        assertThat(bash.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void shouldStopTheFlushAndSaySoWhenInterrupted() throws Exception {
        client.addCache("fast");
        client.addBrick("b1", "fast");
        client.node.write("b1", 64 << 20, Duration.ofSeconds(3));
        client.node.holdLongWork();
        // A shell without job control starts its background jobs, and so perhaps this test, with SIGINT ignored.
        Process process = new ProcessBuilder(
                        "env",
                        "--default-signal=INT",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "-XX:TieredStopAtLevel=1",
                        Main.class.getName(),
                        "brick",
                        "flush",
                        "b1",
                        "--endpoint",
                        "unix:" + directory.resolve("a.sock"))
                .start();
        try {
            client.node.awaitHalfway();
            new ProcessBuilder("kill", "-INT", Long.toString(process.pid()))
                    .start()
                    .waitFor();

            client.node.awaitCancelled();
            assertThat(new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8))
                    .endsWith("brickcache: flushing brick b1 stopped; what the disk lacks stays safe on the SSD\n");
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(130);
        } finally {
            process.destroyForcibly();
        }
        assertThat(client.node.brick("b1").dirtyBytes()).isEqualTo(64 << 20);
    }

    private void attachBrickWithLoss() {
        client.run("cache", "create", "fast", "--directory", "/ssd/fast", "--size", "1GiB");
        client.run("brick", "attach", "b1", "--cache", "fast", "--device", "/dev/sdb");
        client.node.lose(
                "b1",
                new LostView.Range(
                        8192,
                        4096,
                        Instant.parse("2026-01-02T03:04:05Z"),
                        LostView.Cause.CHECKSUM,
                        LostView.State.UNREADABLE),
                new LostView.Range(
                        1L << 30,
                        512,
                        Instant.parse("2026-01-02T03:04:06Z"),
                        LostView.Cause.READ_ERROR,
                        LostView.State.GONE));
    }

    @Test
    void shouldListWhatIsLostWhenAsked() {
        attachBrickWithLoss();

        Ran listed = client.run("brick", "lost", "b1");

        assertThat(listed).isEqualTo(new Ran(0, """
                            OFFSET  BYTES  SINCE                 CAUSE       STATE
                              8192   4096  2026-01-02T03:04:05Z  checksum    unreadable
                        1073741824    512  2026-01-02T03:04:06Z  read-error  gone
                        """, ""));
        assertThat(client.run("-o", "json", "brick", "lost", "b1").out())
                .contains("\"offset_bytes\": 1073741824", "\"state\": \"LOST_STATE_GONE\"");
        assertThat(client.run("brick", "show", "b1").out()).containsPattern("lost +2 blocks, 4.5 KiB");
        assertThat(client.run("brick", "lost", "b2").exit()).isEqualTo(3);
    }

    @Test
    void shouldSayThatDataIsLostWhenStatusIsAsked() {
        attachBrickWithLoss();

        Ran status = client.run("status");

        assertThat(status.out()).startsWith("data lost: 4.5 KiB cannot be read, 1 brick needs attention");
        assertThat(status.out()).contains("brick b1: DATA LOST, 2 blocks (4.5 KiB), see: brickcache brick lost b1");
        assertThat(client.run("-o", "json", "status").out()).contains("\"safe\": false");
    }

    @Test
    void shouldNameWhatIsLostWhenABrickIsFlushedOrDetached() {
        attachBrickWithLoss();

        Ran flushed = client.run("brick", "flush", "b1");
        assertThat(flushed.exit()).isEqualTo(4);
        assertThat(flushed.err()).contains("2 blocks are lost (4608 bytes)", "brickcache brick lost b1");

        Ran detached = client.run("brick", "detach", "b1", "--flush");
        assertThat(detached.exit()).isEqualTo(4);
        assertThat(detached.err()).contains("stays attached", "--give-up-lost");
        assertThat(client.run("brick", "detach", "b1", "--give-up-lost").exit()).isEqualTo(2);

        Ran givenUp = client.run("brick", "detach", "b1", "--flush", "--give-up-lost");
        assertThat(givenUp.exit()).isZero();
        assertThat(givenUp.err()).endsWith("everything but 2 lost blocks, where it has older content\n");
    }

    @Test
    void shouldTellByItsExitCodeWhetherAScrubFoundLosses() {
        client.run("cache", "create", "fast", "--directory", "/ssd/fast", "--size", "1GiB");
        client.node.scrubsFind(new ScrubView(1000, 2, 0));

        Ran healed = client.run("cache", "scrub", "fast", "--rate", "64MiB/s");
        assertThat(healed.exit()).isZero();
        assertThat(healed.out()).isEqualTo("""
                checked               1000 blocks
                healed from the disk  2 blocks
                lost                  0 blocks
                """);
        assertThat(client.node.scrubRate()).isEqualTo(64L << 20);

        client.node.scrubsFind(new ScrubView(1000, 0, 3));
        Ran lost = client.run("-o", "json", "cache", "scrub", "fast");
        assertThat(lost.exit()).isEqualTo(1);
        assertThat(lost.out()).contains("\"lost_blocks\": 3");
        assertThat(lost.err()).contains("3 blocks that only the SSD had are lost");
        assertThat(client.node.scrubRate()).isZero();

        assertThat(client.run("cache", "scrub", "fast", "--rate", "1KiB/s").exit())
                .isEqualTo(2);
        assertThat(client.run("cache", "scrub", "nothing").exit()).isEqualTo(3);
    }
}
