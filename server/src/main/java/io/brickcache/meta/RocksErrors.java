package io.brickcache.meta;

import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import io.brickcache.env.FileFailures;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;

/** The one mapper from what RocksDB and the file system say to {@link MetadataException}: kind, directory, remedy. */
final class RocksErrors {

    private RocksErrors() {}

    /** {@code action} completes the sentence "metadata in DIRECTORY cannot be ...". */
    static MetadataException of(Path directory, String action, RocksDBException e) {
        String detail = String.valueOf(e.getMessage());
        if (isLock(detail)) {
            return new MetadataException(
                    Kind.IO,
                    "The metadata in " + directory + " is in use by another process; stop it first, a cache belongs"
                            + " to one brickcached (" + detail + ")",
                    e);
        }
        if (detail.contains("olumn famil")) {
            return exception(Kind.MISMATCH, directory, action, "it has another format (" + detail + ")", e);
        }
        return exception(kind(e.getStatus(), detail), directory, action, detail, e);
    }

    static MetadataException of(Path directory, String action, IOException e) {
        String detail = FileFailures.describe(e);
        return exception(isFull(detail) ? Kind.NO_SPACE : Kind.IO, directory, action, detail, e);
    }

    /** {@code what} begins the sentence. */
    static MetadataException of(String what, String action, IOException e) {
        Kind kind = isFull(String.valueOf(e.getMessage())) ? Kind.NO_SPACE : Kind.IO;
        String remedy = kind == Kind.NO_SPACE ? "Free some space in its file system" : "Check its disk and permissions";
        return new MetadataException(
                kind, what + " cannot be " + action + ": " + FileFailures.describe(e) + ". " + remedy, e);
    }

    static MetadataException nativeLibrary(Throwable e) {
        return new MetadataException(
                Kind.IO,
                "The RocksDB library cannot be unpacked and loaded; set ROCKSDB_SHAREDLIB_DIR to a directory that is"
                        + " writable and not mounted noexec (" + e.getMessage() + ")",
                e);
    }

    private static MetadataException exception(
            Kind kind, Path directory, String action, String detail, Throwable cause) {
        String remedy = switch (kind) {
            case CORRUPT -> "Check the SSD (dmesg, smartctl) and keep the directory until its bricks are safe";
            case NO_SPACE -> "Free some space in its file system";
            case IO -> "Check the SSD (dmesg, smartctl), the mount and the permissions";
            case MISMATCH -> "Use the version of brickcached that wrote it, or another directory";
        };
        return new MetadataException(
                kind, "The metadata in " + directory + " cannot be " + action + ": " + detail + ". " + remedy, cause);
    }

    private static Kind kind(@Nullable Status status, String detail) {
        if (isFull(detail) || status != null && status.getSubCode() == Status.SubCode.NoSpace) {
            return Kind.NO_SPACE;
        }
        if (status == null) {
            return Kind.IO;
        }
        return switch (status.getCode()) {
            case Corruption -> Kind.CORRUPT;
            case InvalidArgument, NotSupported -> Kind.MISMATCH;
            default -> Kind.IO;
        };
    }

    /** True if the directory cannot be written at present, but perhaps be read. */
    static boolean isUnwritable(MetadataException e) {
        return e.kind() == Kind.NO_SPACE || String.valueOf(e.getMessage()).contains("Read-only file system");
    }

    private static boolean isFull(String detail) {
        return detail.contains("No space left") || detail.contains("Disk quota exceeded");
    }

    private static boolean isLock(String detail) {
        return detail.contains("/LOCK") && (detail.contains("lock hold") || detail.contains("While lock file"));
    }
}
