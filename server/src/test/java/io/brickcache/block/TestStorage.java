package io.brickcache.block;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.stream.Stream;

/** Directories, loop devices and file systems for a test, taken down in reverse order. Needs root, as the whole run does. */
public final class TestStorage implements AutoCloseable {

    private interface Undo {
        void run() throws IOException;
    }

    private final Deque<Undo> undos = new ArrayDeque<>();

    /** A sparse file. */
    public Path file(String name, long bytes) throws IOException {
        return sparse(directory().resolve(name), bytes);
    }

    /** A loop device with these logical sectors. */
    public Path loopDevice(Path file, int sectorBytes, String... options) throws IOException {
        String[] command = {"losetup", "--find", "--show", "--sector-size", Integer.toString(sectorBytes)};
        String[] all = Arrays.copyOf(command, command.length + options.length + 1);
        System.arraycopy(options, 0, all, command.length, options.length);
        all[all.length - 1] = file.toString();
        Path device = Path.of(run(all));
        undos.push(() -> run("losetup", "--detach", device.toString()));
        return device;
    }

    /** Mounts what is there on a directory of its own. */
    public Path mount(String type, String source) throws IOException {
        Path mountPoint = directory();
        run("mount", "-t", type, source, mountPoint.toString());
        undos.push(() -> run("umount", mountPoint.toString()));
        return mountPoint;
    }

    /** A file on a file system whose direct I/O asks for 4096 bytes. */
    public Path fileOfLargeAlignment(long bytes) throws IOException {
        Path device = loopDevice(file("xfs.img", 400L << 20), 4096);
        run("mkfs.xfs", "-q", device.toString());
        return sparse(mount("xfs", device.toString()).resolve("brick.img"), bytes);
    }

    /** A new directory on the disk the tests are built on, which unlike /tmp is no tmpfs. */
    public Path directory() throws IOException {
        Path directory = Files.createTempDirectory(Files.createDirectories(Path.of("target/storage")), "t");
        undos.push(() -> deleteTree(directory));
        return directory;
    }

    /** Runs a command and returns its output. */
    public static String run(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (process.waitFor() != 0) {
                throw new IOException(String.join(" ", command) + ": " + output);
            }
            return output;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    @Override
    public void close() {
        while (!undos.isEmpty()) {
            try {
                undos.pop().run();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static void deleteTree(Path directory) throws IOException {
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private static Path sparse(Path path, long bytes) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(bytes);
        }
        return path;
    }
}
