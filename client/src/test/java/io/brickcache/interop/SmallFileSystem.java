package io.brickcache.interop;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** An ext4 of its own on a loop device, which can be filled up to its last block. Needs root; unmounted when closed. */
final class SmallFileSystem implements AutoCloseable {
    private static final String NO_SPACE = "No space left on device";

    private final LoopDevice device;
    private final Path mount;

    private SmallFileSystem(LoopDevice device, Path mount) {
        this.device = device;
        this.mount = mount;
    }

    /** Makes a file system of that size in the file {@code image} and mounts it at the new folder {@code mount}. */
    static SmallFileSystem make(Path image, Path mount) throws IOException {
        LoopDevice device = LoopDevice.on(image, 512);
        Tool.run("mkfs.ext4", "-q", "-m", "0", device.path().toString()).succeeded();
        Files.createDirectory(mount);
        Tool.run("mount", device.path().toString(), mount.toString()).succeeded();
        return new SmallFileSystem(device, mount);
    }

    Path path() {
        return mount;
    }

    /** Takes every block that is free now; called again, those that became free since. */
    void fill() throws IOException {
        try (FileChannel filler = FileChannel.open(
                mount.resolve("filler"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.APPEND)) {
            for (int bytes = 1 << 20; bytes >= 4096; bytes /= 4) {
                while (wrote(filler, bytes)) {}
            }
        }
    }

    /** Gives the space back. */
    void free() throws IOException {
        Files.delete(mount.resolve("filler"));
    }

    @Override
    public void close() {
        Tool.run("umount", mount.toString()).succeeded();
        device.close();
    }

    private static boolean wrote(FileChannel filler, int bytes) throws IOException {
        try {
            filler.write(ByteBuffer.allocate(bytes));
            filler.force(false);
            return true;
        } catch (IOException e) {
            if (NO_SPACE.equals(e.getMessage())) {
                return false;
            }
            throw e;
        }
    }
}
