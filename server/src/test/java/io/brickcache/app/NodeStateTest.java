package io.brickcache.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.app.KnownCache.Origin;
import io.brickcache.app.KnownCache.Phase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NodeStateTest {

    private static final KnownBrick BRICK = new KnownBrick(
            "007", UUID.randomUUID(), Path.of("/dev/disk/by-id/ü: #1"), "wwid=naa.5,size=1", 8_000_000_000_000L);

    @TempDir
    private Path directory;

    @Test
    void shouldKnowNothingWhenNothingWasSaved() throws IOException {
        assertThat(new NodeState(directory).load()).isEmpty();
    }

    @Test
    void shouldNameTheFileWhenItIsNotText() throws IOException {
        Files.write(directory.resolve(NodeState.FILE), new byte[] {'a', (byte) 0xC3, '(', '\n'});

        assertThatThrownBy(() -> new NodeState(directory).load())
                .isInstanceOf(IOException.class)
                .hasMessageContaining(NodeState.FILE)
                .hasMessageContaining("restore it from a backup");
    }

    @Test
    void shouldLoadWhatWasSavedLast() throws IOException {
        NodeState state = new NodeState(directory);
        KnownCache ready = cache("yes", Origin.OWN_FILE, Phase.READY, List.of(BRICK));
        KnownCache deleting = cache("1e5", Origin.GIVEN, Phase.DELETING, List.of());

        state.save(List.of(deleting));
        state.save(List.of(ready, deleting));

        assertThat(new NodeState(directory).load()).containsExactly(ready, deleting);
        assertThat(directory.toFile().list()).containsExactly(NodeState.FILE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "version: 2\ncaches: []",
                "version: 1",
                "version: 1\ncaches: [7]",
                "version: 1\ncaches: [{name: x, uuid: nonsense}]",
                "{",
                "caches: []",
                "version: one\ncaches: []"
            })
    void shouldRefuseAFileThatItDidNotWrite(String text) throws IOException {
        Files.writeString(directory.resolve(NodeState.FILE), text);

        assertThatThrownBy(() -> new NodeState(directory).load())
                .isInstanceOf(IOException.class)
                .hasMessageContaining(directory.resolve(NodeState.FILE).toString())
                .hasMessageContaining("restore it from a backup");
    }

    @Test
    void shouldRefuseWhenTheFileIsGoneButRecordsOfBricksAreThere() throws IOException {
        new BrickLedger(directory).update(BRICK.uuid(), record -> LedgerRecord.clean(record.brick()));

        assertThatThrownBy(() -> new NodeState(directory).load())
                .isInstanceOf(IOException.class)
                .hasMessageContaining(directory.resolve(NodeState.FILE) + " is missing")
                .hasMessageContaining("1 brick in " + directory.resolve(BrickLedger.FOLDER))
                .hasMessageContaining("restore it from a backup");
    }

    @Test
    void shouldNameTheFileWhenItCannotBeRead() throws IOException {
        Files.createDirectory(directory.resolve(NodeState.FILE));

        assertThatThrownBy(() -> new NodeState(directory).load())
                .isInstanceOf(IOException.class)
                .hasMessageContaining(directory.resolve(NodeState.FILE) + " cannot be read: is a directory");
    }

    private static KnownCache cache(String name, Origin origin, Phase phase, List<KnownBrick> bricks) {
        return new KnownCache(
                name,
                UUID.randomUUID(),
                Path.of("/srv", name),
                Path.of("/srv", name, "data"),
                origin,
                4096,
                3840,
                phase,
                bricks);
    }
}
