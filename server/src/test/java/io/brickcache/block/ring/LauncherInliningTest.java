package io.brickcache.block.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The JVM says nothing of a method to be inlined that does not exist, as after an upgrade of Netty. */
class LauncherInliningTest {

    private static final Path LAUNCHER = Path.of("..", "deploy", "bin", "brickcached");
    private static final Pattern INLINED = Pattern.compile("-XX:CompileCommand=inline,(\\S+)");

    /** What the launcher tells the JVM to inline, CLASS::METHOD. */
    static String[] inlined() throws IOException {
        return INLINED.matcher(Files.readString(LAUNCHER))
                .results()
                .map((MatchResult found) -> found.group(1))
                .toArray(String[]::new);
    }

    @ParameterizedTest
    @MethodSource("inlined")
    void shouldFindMethodWhenLauncherHasItInlined(String name) throws ClassNotFoundException {
        String[] parts = name.split("::", 2);
        Class<?> type = Class.forName(parts[0], false, getClass().getClassLoader());
        assertThat(Arrays.stream(type.getDeclaredMethods()).map(Method::getName))
                .contains(parts[1]);
    }
}
