package io.brickcache.block;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/**
 * What {@code stat} says of a path, links followed.
 *
 * @param deviceNumber of a device node, packed as {@code st_rdev}
 * @param sizeBytes of a file; of a device node 0
 */
record FileNode(Kind kind, long deviceNumber, long sizeBytes, long inode) {

    enum Kind {
        FILE,
        BLOCK_DEVICE,
        DIRECTORY,
        OTHER
    }

    private static final int S_IFMT = 0xF000;
    private static final int S_IFDIR = 0x4000;
    private static final int S_IFBLK = 0x6000;
    private static final int S_IFREG = 0x8000;

    static FileNode of(Path path) throws IOException {
        Map<String, Object> attributes = Files.readAttributes(path, "unix:mode,rdev,size,ino");
        Kind kind = switch ((int) number(attributes, "mode") & S_IFMT) {
            case S_IFREG -> Kind.FILE;
            case S_IFBLK -> Kind.BLOCK_DEVICE;
            case S_IFDIR -> Kind.DIRECTORY;
            default -> Kind.OTHER;
        };
        return new FileNode(kind, number(attributes, "rdev"), number(attributes, "size"), number(attributes, "ino"));
    }

    private static long number(Map<String, Object> attributes, String name) {
        return ((Number) Objects.requireNonNull(attributes.get(name), name)).longValue();
    }
}
