package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.Reason;
import io.brickcache.block.nativeio.DeviceException;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.env.FileFailures;
import java.io.IOException;
import java.util.Map;

/** Failures of the parts as failures of an administrative call. */
final class Failures {

    private static final String SEE_LOG = "look into the logs of the kernel and of the service: journalctl";

    private Failures() {}

    static AdminException of(DeviceException e) {
        Reason reason = switch (e.reason()) {
            case IN_USE -> Reason.DEVICE_IN_USE;
            case MISSING, WRONG_KIND, NOT_PERMITTED, UNSUITABLE -> Reason.DEVICE_UNSUITABLE;
            case FAILED -> Reason.IO_FAILURE;
        };
        return new AdminException(
                reason, e.problem(), e.remedy(), Map.of("path", e.path().toString()), e);
    }

    static AdminException of(MetadataException e) {
        Reason reason = switch (e.kind()) {
            case CORRUPT, MISMATCH -> Reason.METADATA_CORRUPT;
            case NO_SPACE -> Reason.NO_SPACE;
            case IO -> Reason.IO_FAILURE;
        };
        return new AdminException(reason, message(e), SEE_LOG, Map.of(), e);
    }

    /** {@code what} says what could not be done. */
    static AdminException of(String what, IOException e) {
        if (e instanceof DeviceException device) {
            return of(device);
        }
        return new AdminException(Reason.IO_FAILURE, what + ": " + message(e), SEE_LOG, Map.of(), e);
    }

    static AdminException io(String what) {
        return new AdminException(Reason.IO_FAILURE, what, SEE_LOG, Map.of());
    }

    static AdminException busy(String what) {
        return new AdminException(Reason.BUSY, what, "try again when that is done", Map.of());
    }

    /** The message, or the kind of failure where Java leaves that to the class. */
    static String message(Throwable e) {
        if (e instanceof IOException io) {
            return FileFailures.describe(io);
        }
        return e.getMessage() == null ? e.toString() : e.getMessage();
    }
}
