package io.brickcache.env;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class FileFailuresTest {

    @TempDir
    private Path directory;

    static Stream<Arguments> failures() {
        return Stream.of(
                Arguments.of(new NoSuchFileException("/a"), "/a: does not exist"),
                Arguments.of(new AccessDeniedException("/a"), "/a: no permission"),
                Arguments.of(new FileAlreadyExistsException("/a"), "/a: exists already"),
                Arguments.of(new NotDirectoryException("/a"), "/a: is not a directory"),
                Arguments.of(
                        new FileSystemException("/a", null, "No space left on device"), "/a: No space left on device"),
                Arguments.of(new IOException("Input/output error"), "Input/output error"));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void shouldSayWhatAndWhereWithoutTheNamesOfClasses(IOException failure, String words) {
        assertThat(FileFailures.describe(failure)).isEqualTo(words);
    }

    @Test
    void shouldReadASmallFileWholeAndRefuseWhatIsLargerOrHasNoEnd() throws IOException {
        Path file = Files.write(directory.resolve("small"), new byte[] {1, 2, 3});

        assertThat(FileFailures.readSmall(file, 3)).containsExactly(1, 2, 3);
        assertThat(refusal(file, 2)).isEqualTo(file + ": is larger than 2 bytes");
        assertThat(refusal(Path.of("/dev/zero"), 4096)).isEqualTo("/dev/zero: is larger than 4096 bytes");
        assertThat(refusal(directory, 3)).isEqualTo(directory + ": is a directory");
        assertThat(refusal(directory.resolve("none"), 3)).isEqualTo(directory.resolve("none") + ": does not exist");
    }

    private static String refusal(Path file, int maxBytes) {
        return FileFailures.describe(
                catchThrowableOfType(IOException.class, () -> FileFailures.readSmall(file, maxBytes)));
    }
}
