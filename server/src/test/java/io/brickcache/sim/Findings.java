package io.brickcache.sim;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Which seed found which planted bug: a table in {@code target}, which docs/guarantees.md repeats. */
final class Findings {

    private final List<String> lines = new ArrayList<>();

    Findings() {
        lines.add("| planted bug | first seed | as |");
        lines.add("|---|---:|---|");
    }

    /** A failure of the run with this seed. */
    void found(String bug, long seed, Throwable failure) {
        String message =
                String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
        System.out.printf("%-32s found by seed %d: %s%n", bug, seed, message);
        String reason = message.replaceFirst("^after \\d+ steps, at \\d+ ns: [\\w.]+: ", "");
        lines.add("| `%s` | %d | %s |".formatted(bug, seed, reason.length() > 120 ? reason.substring(0, 120) : reason));
    }

    /** Writes the table to {@code target/NAME.md} of the module. */
    void write(String name) {
        try {
            Files.write(Files.createDirectories(Path.of("target")).resolve(name + ".md"), lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
