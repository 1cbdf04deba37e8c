package io.brickcache.app;

import io.brickcache.block.IoStatus;
import io.brickcache.mapping.LoggedDevice;
import io.brickcache.mapping.Replay;
import io.brickcache.mapping.WriteLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The write logs of bricks that are mapped, one file each in a folder of a tmpfs. Called on threads that may block, by whoever
 * has the brick's turn or by {@link Mappings}.
 */
final class WriteLogs {

    private static final Logger LOG = LoggerFactory.getLogger(WriteLogs.class);

    private final Path folder;
    private final int ringBytes;
    private final String bootId;

    WriteLogs(Path folder, int ringBytes, String bootId) {
        this.folder = folder;
        this.ringBytes = ringBytes;
        this.bootId = bootId;
    }

    /**
     * Puts back what a service that was killed had answered and not made durable, before anybody else reaches the device;
     * it is logged from then on. Nothing to put back: nothing is done.
     */
    void putBack(BrickEntry brick, LoopHost host, LoggedDevice device) throws IOException {
        WriteLog found = WriteLog.find(file(brick.known().uuid()), brick.known().uuid(), bootId);
        if (found == null) {
            return;
        }
        Replay replay = new Replay(device, host.buffers(), found);
        IoStatus status = host.await(replay::start);
        if (!status.isOk()) {
            found.close();
            String problem = replay.problem();
            throw new IOException("what its clients wrote last before the service ended cannot be put back ("
                    + (problem == null ? status : problem) + "); it is kept in " + folder);
        }
        LOG.info(
                "Brick {}: {} changes that were answered before the service ended are put back",
                brick.name(),
                replay.count());
        host.call(() -> {
            device.logTo(found);
            return true;
        });
    }

    /** Changes of the brick are logged from now on, if they are not yet. */
    void begin(BrickEntry brick, LoopHost host, LoggedDevice device) throws IOException {
        if (host.call(() -> device.log() != null)) {
            return;
        }
        makeFolder();
        WriteLog made =
                WriteLog.create(file(brick.known().uuid()), brick.known().uuid(), bootId, ringBytes);
        host.call(() -> {
            device.logTo(made);
            return true;
        });
    }

    /** What is logged is made durable; false if that failed. */
    static boolean settle(LoopHost host, LoggedDevice device) {
        return host.await(device::settle).isOk();
    }

    /** The brick has no clients whose changes are logged any more. */
    void end(BrickEntry brick, LoopHost host, LoggedDevice device) {
        if (host.call(() -> device.log() == null)) {
            return;
        }
        if (!settle(host, device)) {
            LOG.error("Brick {}: a flush failed; what was written last is not durable", brick.name());
        }
        @Nullable WriteLog log = host.call(device::stopLogging);
        if (log != null) {
            try {
                log.delete();
            } catch (IOException e) {
                LOG.warn("Brick {}: its write log stays in {}: {}", brick.name(), folder, Failures.message(e));
            }
        }
    }

    private Path file(UUID brick) {
        return folder.resolve(brick + ".log");
    }

    /** Others could read there what is written to bricks: only a folder of our own will do. */
    private void makeFolder() throws IOException {
        if (!Files.isDirectory(folder)) {
            Files.createDirectories(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
        if (!Files.getOwner(folder).equals(Files.getOwner(Path.of("/proc/self")))
                || Files.getPosixFilePermissions(folder).size() != 3) {
            throw new IOException("the folder " + folder
                    + " is not the service's alone; remove it, or set map.log_directory to another place in a tmpfs");
        }
    }
}
