package io.brickcache.meta;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.MetadataStore.Family;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** A {@link Committer} in a JVM of its own, to be killed. */
final class CommitterProcess implements AutoCloseable {

    private final Process process;
    private final BufferedReader output;
    private int lastPrinted;

    private CommitterProcess(Process process) {
        this.process = process;
        this.output = process.inputReader();
    }

    static CommitterProcess start(Path directory) throws IOException {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                Committer.class.getName(),
                directory.toString());
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment()
                .put(
                        "ROCKSDB_SHAREDLIB_DIR",
                        Files.createDirectories(libraries(directory)).toString());
        return new CommitterProcess(builder.start());
    }

    /** Where a process that commits to that directory unpacks libraries. */
    static Path libraries(Path directory) {
        return directory.resolveSibling("libraries");
    }

    /** Waits until the process has printed {@code number}. */
    void awaitCommit(int number) throws IOException {
        while (lastPrinted < number) {
            String line = output.readLine();
            assertThat(line).as("the committer ended by itself").isNotNull();
            lastPrinted = Integer.parseInt(line);
        }
    }

    /** Kills with SIGKILL; the last number that was printed whole. */
    int kill() throws Exception {
        process.toHandle().destroyForcibly();
        assertThat(process.waitFor()).isEqualTo(128 + 9);
        StringBuilder rest = new StringBuilder();
        for (int c = output.read(); c >= 0; c = output.read()) {
            rest.append((char) c);
        }
        int end = rest.lastIndexOf("\n");
        if (end > 0) {
            String[] lines = rest.substring(0, end).split("\n", -1);
            lastPrinted = Integer.parseInt(lines[lines.length - 1]);
        }
        return lastPrinted;
    }

    /** Checks that the store holds exactly one whole batch and returns its number; 0 if it holds none. */
    static int verify(MetadataStore store) throws MetadataException {
        Set<Integer> numbers = new HashSet<>();
        int[] slots = {0};
        store.scan(Family.SLOTS, (key, value) -> {
            assertThat(value.remaining()).isEqualTo(Committer.SLOT_INTS * Integer.BYTES);
            while (value.hasRemaining()) {
                numbers.add(value.getInt());
            }
            slots[0]++;
        });
        store.scan(Family.BRICKS, (key, value) -> numbers.add(value.getInt()));
        if (numbers.isEmpty()) {
            return 0;
        }
        assertThat(numbers).hasSize(1);
        assertThat(slots[0]).isEqualTo(Committer.SLOTS);
        return numbers.iterator().next();
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly().onExit().join();
        output.close();
    }
}
