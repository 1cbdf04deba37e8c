package io.brickcache.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A block device that fails or hangs when told: a loop device on nbdkit's error filter over a file, through nbdfuse. Not
 * nbdfuse's file itself: the kernel may hold up a whole io_uring in the submission of a request to FUSE, which it never does
 * for a block device. Needs root. Whoever still uses it when it is closed gets errors.
 */
final class FailingDisk implements AutoCloseable {
    private static final int TRIES = 300;

    private final LoopDevice device;
    private final Path mount;
    private final Path trigger;
    private final Process nbdkit;
    private final Process nbdfuse;

    private FailingDisk(LoopDevice device, Path mount, Path trigger, Process nbdkit, Process nbdfuse) {
        this.device = device;
        this.mount = mount;
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
        Path disk = mount.resolve("disk");
        Process nbdfuse = start(folder, "nbdfuse", disk.toString(), "--unix", socket.toString());
        await(nbdfuse, disk);
        return new FailingDisk(LoopDevice.direct(disk), mount, trigger, nbdkit, nbdfuse);
    }

    Path path() {
        return device.path();
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
        device.close();
        Tool.run("fusermount3", "-u", "-z", mount.toString()).succeeded();
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
