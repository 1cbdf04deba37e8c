package io.brickcache.mapping;

import io.brickcache.fuzz.Input;
import io.brickcache.fuzz.Scratch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Fuzz target: the file with the devices that the kernel has of us. The first byte says whether the rest is the file, lines
 * behind the right ones for format and boot, or devices that are saved, in whose file bits are then turned.
 *
 * <p>No file is an error. What is loaded are names of bricks and devices as there can be, and saved it is loaded again; of
 * another boot it is nothing.
 */
public final class MappingFileFuzz {

    private static final String BOOT = "6c9a2b3e-0d5f-4a1b-8c7d-9e0f1a2b3c4d";
    private static final String NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    private static final Path FILE = Scratch.file(MappingFile.NAME);
    private static final MappingFile MAPPINGS = new MappingFile(Objects.requireNonNull(FILE.getParent()));

    private MappingFileFuzz() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws IOException {
        Input input = new Input(bytes);
        switch (input.octet() % 3) {
            case 0 -> load(input.rest());
            case 1 -> load(behindHeader(input.rest()));
            default -> saved(input);
        }
    }

    private static void load(byte[] content) throws IOException {
        Files.write(FILE, content);
        List<MappingFile.Entry> entries = MAPPINGS.load(BOOT);
        require(entries.size() <= content.length / 6, "more devices than the file has room for");
        for (MappingFile.Entry entry : entries) {
            require(entry.index() >= 0 && entry.index() <= 9999, "a device that cannot be: " + entry);
            require(MapOptions.allows(entry.connections()), "connections that cannot be: " + entry);
            require(
                    !entry.brick().isEmpty()
                            && entry.brick().length() <= 63
                            && entry.brick().chars().allMatch(c -> NAME_CHARACTERS.indexOf(c) >= 0)
                            && Path.of("dev").resolve(entry.brick()).normalize().startsWith("dev"),
                    "no name of a brick: " + entry);
        }
        MAPPINGS.save(BOOT, entries);
        require(MAPPINGS.load(BOOT).equals(entries), "not the same again: " + entries);
        require(MAPPINGS.load("another").isEmpty(), "devices of another boot");
    }

    private static byte[] behindHeader(byte[] rest) {
        String text = "brickcache mappings 1\n" + BOOT + '\n' + new String(rest, StandardCharsets.ISO_8859_1);
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static void saved(Input input) throws IOException {
        Input turns = new Input(input.take(16));
        List<MappingFile.Entry> entries = new ArrayList<>();
        while (!input.isEmpty()) {
            int index = input.twoOctets() % 10_000;
            int connections = 2 + input.octet() % 15;
            StringBuilder brick = new StringBuilder("b");
            for (byte character : input.take(input.octet() % 63)) {
                brick.append(NAME_CHARACTERS.charAt(Byte.toUnsignedInt(character) % NAME_CHARACTERS.length()));
            }
            entries.add(new MappingFile.Entry(brick.toString(), index, connections));
        }
        MAPPINGS.save(BOOT, entries);
        require(MAPPINGS.load(BOOT).equals(entries), "not the same again: " + entries);
        load(turns.withFlippedBits(Files.readAllBytes(FILE)));
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalStateException(otherwise);
        }
    }
}
