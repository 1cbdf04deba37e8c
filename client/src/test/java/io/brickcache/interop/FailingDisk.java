package io.brickcache.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A file that fails or hangs when told, as a disk does: nbdkit's error filter over the real file, as a file again through
 * nbdfuse. Needs root. Whoever still uses it when it is closed gets errors.
 */
final class FailingDisk implements AutoCloseable {
    private static final int TRIES = 300;

    private final Path folder;
    private final Path trigger;
    private final Process nbdkit;
    private final Process nbdfuse;

    private FailingDisk(Path folder, Path trigger, Process nbdkit, Process nbdfuse) {
        this.folder = folder;
        this.trigger = trigger;
        this.nbdkit = nbdkit;
        this.nbdfuse = nbdfuse;
    }

    /**
     * Serves {@code file} as {@link #path}.
     *
     * @param folder an empty folder for the sockets and the mount
     */
    static FailingDisk on(Path file, Path folder) throws IOException {
        Path mount = Files.createDirectory(folder.resolve("mnt"));
        Path socket = folder.resolve("disk.sock");
        Path trigger = folder.resolve("fail");
        Process nbdkit = start(
                folder,
                "nbdkit",
                "--foreground",
                "--unix=" + socket,
                "--filter=error",
                "file",
                file.toString(),
                "error=EIO",
                "error-rate=100%",
                "error-file=" + trigger);
        await(nbdkit, socket);
        Process nbdfuse = start(folder, "nbdfuse", mount.resolve("disk").toString(), "--unix", socket.toString());
        FailingDisk disk = new FailingDisk(folder, trigger, nbdkit, nbdfuse);
        await(nbdfuse, disk.path());
        return disk;
    }

    Path path() {
        return folder.resolve("mnt").resolve("disk");
    }

    /** From now on every read and write of the disk ends with EIO. */
    void fail() throws IOException {
        Files.createFile(trigger);
    }

    /** From now on nothing is answered. */
    void hang() {
        signal("STOP");
    }

    /** It works again; what hung is answered. */
    void heal() throws IOException {
        Files.deleteIfExists(trigger);
        signal("CONT");
    }

    @Override
    public void close() throws IOException {
        heal();
        Tool.run("fusermount3", "-u", "-z", folder.resolve("mnt").toString()).succeeded();
        // It would stay as long as the service has the file open.
        nbdfuse.destroyForcibly();
        nbdfuse.onExit().join();
        nbdkit.destroy();
        nbdkit.onExit().join();
    }

    private void signal(String name) {
        Tool.run("kill", "-" + name, Long.toString(nbdkit.pid())).succeeded();
    }

    private static Process start(Path folder, String... command) throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(command[0] + ".log").toFile())
                .start();
    }

    private static void await(Process process, Path file) throws IOException {
        for (int i = 0; i < TRIES && !Files.exists(file); i++) {
            try {
                // Doubles as the pause between two looks.
                if (process.waitFor(100, TimeUnit.MILLISECONDS)) {
                    throw new IOException(process.info() + " ended with " + process.exitValue());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while waiting for " + file, e);
            }
        }
    }
}
