package io.brickcache.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class MainTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final StopSignal stop = new StopSignal();
    private final List<String> calls = new ArrayList<>();

    @TempDir
    private Path directory;

    @Test
    void shouldPrintOkWhenTheConfigurationIsGood() throws Exception {
        Path file = Files.writeString(directory.resolve("good.yaml"), "io: {threads: 4}\n");

        assertThat(run("--config", file.toString(), "--check-config")).isZero();
        assertThat(out.toString()).isEqualTo(file + ": ok\n");
        assertThat(err.toString()).isEmpty();
        assertThat(calls).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--check-config", "--config="})
    void shouldFailWithThePlaceWhenTheConfigurationIsBad(String option) throws Exception {
        Path file = Files.writeString(directory.resolve("bad.yaml"), "io: {thread: 4}\n");

        assertThat(option.endsWith("=") ? run(option + file) : run(option, "--config", file.toString()))
                .isEqualTo(1);
        assertThat(err.toString()).startsWith(file + ":1:6: unknown key 'io.thread'; did you mean 'io.threads'?");
        assertThat(calls).isEmpty();
    }

    @Test
    void shouldSayUsageWhenAnOptionIsUnknown() {
        assertThat(run("--confg", "x")).isEqualTo(2);
        assertThat(err.toString()).contains("--confg", "--config");
    }

    @Test
    void shouldPrintHelpAndVersionWhenAsked() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString()).contains("--config", "--check-config", "/etc/brickcache/brickcached.yaml");
        assertThat(run("--version")).isZero();
        assertThat(out.toString()).contains("brickcached ");
    }

    @Test
    void shouldStartAndStopOnceWhenStopIsRequested() throws Exception {
        stop.request();
        stop.request();

        assertThat(run("--config", empty())).isZero();
        assertThat(calls).containsExactly("start", "stop");
    }

    @Test
    void shouldPrintOneLineWhenTheStartFails() throws Exception {
        startFailsWith(new IOException("the SSD is gone\nreally"));

        assertThat(err.toString()).isEqualTo("brickcached: cannot start: the SSD is gone really\n");
    }

    @Test
    void shouldNameTheFileWhenTheStartFailsBecauseOfIt() throws Exception {
        startFailsWith(new AccessDeniedException("/run/x"));

        assertThat(err.toString()).isEqualTo("brickcached: cannot start: /run/x: no permission\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"nbd", "admin"})
    void shouldFindThatAGroupIsMissingWhenTheConfigurationIsChecked(String section) throws Exception {
        Path file = Files.writeString(directory.resolve("group.yaml"), section + ": {socket_group: no-such-group}\n");

        assertThat(run("--config", file.toString(), "--check-config")).isEqualTo(1);
        assertThat(err.toString())
                .startsWith(file + ": no group is named no-such-group; create it")
                .contains(section + ".socket_group");
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void shouldStopOrderlyWithCodeZeroWhenTheProcessIsSignalled(String signal) throws Exception {
        // A JVM leaves a signal ignored that was ignored when it started, as SIGINT is for a job in the background.
        Process process = new ProcessBuilder(
                        "env",
                        "--default-signal=" + signal,
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        SignalledProcess.class.getName(),
                        empty())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader output = process.inputReader()) {
            assertThat(output.readLine()).isEqualTo("start");
            for (int i = 0; i < 2; i++) {
                new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                        .start()
                        .waitFor();
            }
            assertThat(output.lines()).containsExactly("stop");
            assertThat(process.waitFor()).isZero();
        } finally {
            process.destroyForcibly();
        }
    }

    private void startFailsWith(IOException failure) throws Exception {
        NodeFactory failing = (config, systemd, asked) -> {
            throw failure;
        };
        PrintWriter complaints = new PrintWriter(err, true);
        assertThat(Main.run(failing, Map.of(), stop, new PrintWriter(out, true), complaints, "--config", empty()))
                .isEqualTo(1);
    }

    private String empty() throws Exception {
        return Files.writeString(directory.resolve("empty.yaml"), "").toString();
    }

    private int run(String... args) {
        NodeFactory nodes = (config, systemd, asked) -> new NodeService() {
            @Override
            public void start() {
                calls.add("start");
            }

            @Override
            public void stop() {
                calls.add("stop");
            }
        };
        return Main.run(nodes, Map.of(), stop, new PrintWriter(out, true), new PrintWriter(err, true), args);
    }

    /** A process whose node prints what it is told to do. */
    static final class SignalledProcess {

        private SignalledProcess() {}

        public static void main(String[] args) {
            PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
            NodeFactory nodes = (config, systemd, asked) -> new NodeService() {
                @Override
                public void start() {
                    out.println("start");
                }

                @Override
                public void stop() {
                    out.println("stop");
                }
            };
            System.exit(Main.run(
                    nodes,
                    Map.of(),
                    new StopSignal(),
                    out,
                    new PrintWriter(System.err, true, StandardCharsets.UTF_8),
                    "--config",
                    args[0]));
        }
    }
}
