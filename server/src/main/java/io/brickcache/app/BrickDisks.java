package io.brickcache.app;

import io.brickcache.block.OpenedDevice;
import io.brickcache.block.nativeio.DeviceException;
import java.io.IOException;

/** What is said of disks that are not there, or not the ones they were. */
final class BrickDisks {

    private BrickDisks() {}

    /** Why a disk cannot be opened, and what to do. */
    static String why(IOException e) {
        return e instanceof DeviceException device ? device.problem() + "; " + device.remedy() : Failures.message(e);
    }

    /** A device that is not the one that was attached. */
    static String changed(KnownBrick brick, OpenedDevice found) {
        long size = found.geometry().sizeBytes();
        String what = size != brick.sizeBytes()
                ? brick.device() + " has " + size + " bytes, it had " + brick.sizeBytes() + " when it was attached"
                : brick.device() + " is another device (" + found.identity() + ") than the one that was attached ("
                        + brick.identity() + ")";
        return what + "; put that one back and restart the service, or decide with: brickcache brick attach "
                + brick.name() + " --keep-disk";
    }

    /** A disk that somebody wrote to. */
    static String written(KnownBrick brick, String evidence, long dirtyBytes) {
        String lost = dirtyBytes == 0 ? "gives nothing up" : "gives up " + dirtyBytes + " bytes that only the SSD has";
        return brick.device() + " was written without the cache (" + evidence
                + "); nothing of it is changed until you decide: brickcache brick attach " + brick.name()
                + " --keep-disk takes the disk as it is and " + lost + ", --keep-cache writes these "
                + "onto the disk and forgets what else the SSD holds";
    }
}
