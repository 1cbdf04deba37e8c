package io.brickcache.app;

import io.brickcache.block.OpenedDevice;
import io.brickcache.block.nativeio.DeviceException;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is said of disks that are not there, or not the ones they were. */
final class BrickDisks {

    private static final Logger LOG = LoggerFactory.getLogger(BrickDisks.class);

    private BrickDisks() {}

    /** Why a disk cannot be opened, and what to do. */
    static String why(IOException e) {
        return e instanceof DeviceException device ? device.problem() + "; " + device.remedy() : Failures.message(e);
    }

    /** Why a brick has no disk, and what becomes of it. */
    static String away(KnownBrick brick, IOException e) {
        return why(e)
                + "; when it can be opened again it is served within seconds, or, if it never can: brickcache brick"
                + " detach " + brick.name() + " --give-up-dirty";
    }

    /**
     * True if it is the device that was attached. It may be larger, the brick does not have that yet; but not if nothing but
     * its size tells it from another one.
     */
    static boolean isSame(KnownBrick brick, OpenedDevice found) {
        long more = found.geometry().sizeBytes() - brick.sizeBytes();
        return OpenedDevice.isSame(found.identity(), brick.identity())
                && (more == 0 || more > 0 && OpenedDevice.isUnique(found.identity()));
    }

    /** Says so if a disk has more than its brick. */
    static void noteSize(KnownBrick brick, OpenedDevice found) {
        long more = found.geometry().sizeBytes() - brick.sizeBytes();
        if (more > 0) {
            LOG.warn(
                    "Brick {}: {} has {} bytes more than the brick; to use them: brickcache brick grow {}",
                    brick.name(),
                    brick.device(),
                    more,
                    brick.name());
        }
    }

    /** What shows that a device is not the one that was attached. */
    static String changed(KnownBrick brick, OpenedDevice found) {
        long size = found.geometry().sizeBytes();
        if (size < brick.sizeBytes()) {
            return brick.device() + " has " + size + " bytes, the brick has " + brick.sizeBytes()
                    + ": it was made smaller, or is another device";
        }
        return OpenedDevice.isSame(found.identity(), brick.identity())
                ? brick.device() + " has " + size + " bytes, the brick has " + brick.sizeBytes()
                        + ": it was made larger, or is another device; it has no WWID or UUID by which to tell"
                : brick.device() + " is another device (" + found.identity() + ") than the one that was attached ("
                        + brick.identity() + ")";
    }

    /** What an operator can do about a brick that is fenced for the evidence. */
    static String fenced(KnownBrick brick, String evidence, long dirtyBytes) {
        String attach = "brickcache brick attach " + brick.name();
        String choice = dirtyBytes == 0
                ? attach + " --keep-disk takes the disk as it is; nothing is lost, the cache has no data that the disk"
                        + " had not"
                : attach + " --keep-disk --give-up-dirty takes the disk as it is and loses " + dirtyBytes
                        + " bytes that only the SSD has; " + attach + " --keep-cache writes these bytes onto the disk,"
                        + " whatever is there now";
        return evidence + "; nothing is changed until you put that right and restart the service, or decide: " + choice;
    }
}
