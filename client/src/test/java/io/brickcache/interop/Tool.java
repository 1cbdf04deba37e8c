package io.brickcache.interop;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs programs of this machine. A missing one fails the test: deploy/test installs what is needed. */
final class Tool {
    private static final long TIMEOUT_MINUTES = 5;
    // The system's own programs: nbdsh needs the python3 that the package of its bindings belongs to.
    private static final String SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

    private Tool() {}

    /** Runs a program to its end; any exit code is an outcome. */
    static Outcome run(String... command) {
        return run(Map.of(), "", List.of(command));
    }

    /**
     * Runs a program to its end.
     *
     * @param environment added to the environment of this process
     * @param input what the program reads from its standard input
     */
    static Outcome run(Map<String, String> environment, String input, List<String> command) {
        try {
            Path folder = Files.createTempDirectory("brickcache-tool");
            try {
                return run(environment, input, command, folder);
            } finally {
                try (var files = Files.list(folder)) {
                    for (Path file : files.toList()) {
                        Files.delete(file);
                    }
                }
                Files.delete(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "cannot run " + command.get(0) + "; deploy/test installs what the tests use", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while " + command + " ran", e);
        }
    }

    private static Outcome run(Map<String, String> environment, String input, List<String> command, Path folder)
            throws IOException, InterruptedException {
        // Files instead of pipes: no thread per stream, and a program that leaves a child behind does not hang us.
        Path in = Files.writeString(folder.resolve("in"), input);
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectInput(in.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().put("PATH", SYSTEM_PATH);
        builder.environment().putAll(environment);
        Process process = builder.start();
        boolean ended = process.waitFor(TIMEOUT_MINUTES, TimeUnit.MINUTES);
        if (!ended) {
            process.destroyForcibly().waitFor();
        }
        Outcome outcome = new Outcome(
                String.join(" ", command),
                process.exitValue(),
                Files.readString(out, StandardCharsets.UTF_8),
                Files.readString(err, StandardCharsets.UTF_8));
        if (!ended) {
            throw new AssertionError("did not end in " + TIMEOUT_MINUTES + " minutes: " + outcome);
        }
        return outcome;
    }
}
