package io.brickcache.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What deploy/install leaves below a folder, and that the installed service starts from its archive of classes. */
@Tag("interop")
final class InstallIT {
    private static final String JAVA_HOME = System.getProperty("java.home");

    @TempDir
    private Path folder;

    private Path root;
    private Path server;

    @BeforeEach
    void configureTheJvmOfTheUnit() throws IOException {
        root = folder.resolve("root");
        server = root.resolve("usr/lib/brickcache/server");
        Files.createDirectories(root.resolve("etc/default"));
        Files.writeString(
                root.resolve("etc/default/brickcached"),
                "BRICKCACHED_JAVA_OPTS=-Xmx1g\nJAVA_HOME=\"" + JAVA_HOME + "\"\n");
    }

    @Test
    void shouldStartFromTheArchiveOfClassesWhenInstalled() throws IOException {
        assertThat(install().succeeded().errors()).isEmpty();

        assertThat(root.resolve("usr/bin/brickcache")).isExecutable();
        assertThat(root.resolve("lib/systemd/system/brickcached.service")).isRegularFile();
        assertThat(sourceOfMain()).contains("shared objects file");
    }

    @Test
    void shouldStartWithoutAWordWhenTheArchiveIsOfOtherFiles() throws IOException {
        install().succeeded();
        try (Stream<Path> jars = Files.list(server.resolve("lib"))) {
            for (Path jar :
                    jars.filter(file -> file.toString().endsWith(".jar")).toList()) {
                Files.setLastModifiedTime(jar, FileTime.from(Instant.EPOCH));
            }
        }

        assertThat(sourceOfMain()).doesNotContain("shared objects file");
    }

    @Test
    void shouldMakeNoArchiveWhenToldNotTo() throws IOException {
        install("--no-classes").succeeded();

        assertThat(server.resolve("lib/classes.jsa")).doesNotExist();
        assertThat(sourceOfMain()).doesNotContain("shared objects file");
    }

    @Test
    void shouldInstallAndSayHowToMakeTheArchiveWhenTheServiceDoesNotStart() throws IOException {
        Files.writeString(root.resolve("etc/default/brickcached"), "JAVA_HOME=/nowhere\n");

        assertThat(install().succeeded().errors())
                .contains("/nowhere/bin/java cannot be run", "bin/brickcached-classes");

        assertThat(server.resolve("lib/classes.jsa")).doesNotExist();
        assertThat(server.resolve("lib/classes.jsa.new")).doesNotExist();
        assertThat(sourceOfMain()).doesNotContain("shared objects file");
    }

    private Outcome install(String... more) {
        String dist = Path.of(System.getProperty("brickcache.dist", "../server/target/dist"))
                .toAbsolutePath()
                .toString();
        String client = Path.of(System.getProperty("brickcache.client.dist", "target/dist"))
                .toAbsolutePath()
                .toString();
        String script = Path.of("../deploy/install").toAbsolutePath().toString();
        List<String> command = Stream.concat(
                        Stream.of(script, "--root", root.toString(), "--server", dist, "--client", client),
                        Stream.of(more))
                .toList();
        // Not the JVM of the shell, which is none.
        return Tool.run(Map.of("JAVA_HOME", "/none"), "", command);
    }

    /** What the JVM of the installed service says of where it has the class with the main method from. */
    private String sourceOfMain() throws IOException {
        Path log = folder.resolve("loaded");
        Outcome version = Tool.run(
                Map.of("JAVA_HOME", JAVA_HOME, "BRICKCACHED_JAVA_OPTS", "-Xlog:class+load:file=" + log),
                "",
                List.of(server.resolve("bin/brickcached").toString(), "--version"));
        assertThat(version.succeeded().output()).matches("brickcached \\S+\\R");
        assertThat(version.errors()).isEmpty();
        try (Stream<String> lines = Files.lines(log)) {
            return lines.filter(line -> line.contains(" io.brickcache.app.Main "))
                    .findFirst()
                    .orElseThrow();
        }
    }
}
