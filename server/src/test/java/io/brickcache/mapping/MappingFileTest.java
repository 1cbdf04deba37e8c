package io.brickcache.mapping;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MappingFileTest {

    private static final List<MappingFile.Entry> TWO =
            List.of(new MappingFile.Entry("b1", 0, 4), new MappingFile.Entry("data.2-x_y", 9999, 16));

    @TempDir
    private Path directory;

    private void write(String text) throws IOException {
        Files.writeString(directory.resolve(MappingFile.NAME), text, StandardCharsets.ISO_8859_1);
    }

    @Test
    void shouldHaveTheDevicesThatWereSavedWhenItIsTheSameBoot() throws IOException {
        MappingFile file = new MappingFile(directory);
        assertThat(file.load("boot")).isEmpty();
        file.save("boot", TWO);
        assertThat(file.load("boot")).isEqualTo(TWO);
        assertThat(file.load("next boot")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "12 4 ../../etc",
                "12 4 ..",
                "12 4 a\u0000b",
                "12 4 ",
                "12 0 b",
                "12 17 b",
                "12 99 b",
                "12345 4 b",
                "-1 4 b",
                "12 4 b c"
            })
    void shouldLeaveOutALineThatNamesNoDeviceThereCanBe(String line) throws IOException {
        write("brickcache mappings 1\nboot\n0 4 b1\n" + line + "\n9999 16 data.2-x_y\n");
        assertThat(new MappingFile(directory).load("boot")).isEqualTo(TWO);
    }

    @Test
    void shouldHaveNothingWhenTheFileIsNotText() throws IOException {
        write("brickcache mappings 1\nboot\n0 4 b1\n\u00ff\n");
        assertThat(new MappingFile(directory).load("boot")).isEmpty();
    }

    @Test
    void shouldHaveNothingAndReadNoFurtherWhenTheFileHasNoEnd() throws IOException {
        Files.createSymbolicLink(directory.resolve(MappingFile.NAME), Path.of("/dev/zero"));
        assertThat(new MappingFile(directory).load("boot")).isEmpty();
    }
}
