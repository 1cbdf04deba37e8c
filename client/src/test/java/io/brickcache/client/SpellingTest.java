package io.brickcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpellingTest {
    private static final List<String> NAMES = List.of(
            "--size", "--directory", "--data", "--block", "--timeout", "--give-up-dirty", "--give-up-lost", "-o");

    @ParameterizedTest
    @CsvSource({
        "--siz, --size",
        "--sizes, --size",
        "--szie, --size",
        "--Size, --size",
        "-size, --size",
        "--dri, ",
        "--dir, --directory",
        "--d, ",
        "--date, --data",
        "--give-up, --give-up-dirty",
        "--giveuplost, --give-up-lost",
        "--block-size, ",
        "--x, ",
        "-x, ",
        "'', "
    })
    void shouldFindTheNearestNameOrNone(String written, String nearest) {
        assertThat(Spelling.nearest(written, NAMES).orElse(null)).isEqualTo(nearest);
    }
}
