package io.brickcache.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the fuzzer has found so far, good and bad, is tried again in every build; docs/testing.md tells how to look for more. */
class CorpusTest {

    private static final Path CORPUS = Path.of("src/test/fuzz");

    @ParameterizedTest
    @EnumSource(FuzzTargets.class)
    void shouldKeepItsPromisesWhenTheCorpusIsTriedAgain(FuzzTargets target) throws Exception {
        List<Path> inputs = inputs(target);
        assertThat(inputs).isNotEmpty();
        for (Path input : inputs) {
            try {
                target.run(Files.readAllBytes(input));
            } catch (Exception | Error e) {
                throw new AssertionError("target " + target + ", input " + input, e);
            }
        }
    }

    private static List<Path> inputs(FuzzTargets target) throws IOException {
        try (Stream<Path> files = Files.list(CORPUS.resolve(target.corpus()))) {
            return files.sorted().toList();
        }
    }
}
