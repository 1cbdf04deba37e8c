package io.brickcache.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ConfigurationPageTest {

    private static final Pattern ROW =
            Pattern.compile("\\| `([a-z_.]+)` \\| ([^|]+) \\| `?([^|`]+)`? \\| ([^|]{20,}) \\|");

    private record Row(String key, String allowed, String defaultText) {}

    @Test
    void shouldNameEveryKeyWithItsRangeAndDefault() throws Exception {
        List<Row> documented = Files.readString(page())
                .lines()
                .map(ROW::matcher)
                .filter(Matcher::matches)
                .map(row -> new Row(row.group(1), row.group(2), row.group(3)))
                .toList();

        assertThat(documented)
                .isEqualTo(
                        ConfigKey.ALL.stream().map(ConfigurationPageTest::row).toList());
    }

    private static Row row(ConfigKey<?> key) {
        return new Row(
                key.name(),
                key.format().allowed().replace(" | ", " / "),
                key.defaultText().isEmpty() ? "(none)" : key.defaultText());
    }

    /** Tests run in the module's directory. */
    private static Path page() {
        return Path.of("..", "docs", "configuration.md");
    }
}
