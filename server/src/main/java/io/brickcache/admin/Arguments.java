package io.brickcache.admin;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Checks the form of what clients send; every refusal names the field. */
final class Arguments {
    static final int DEFAULT_PAGE_SIZE = 100;
    static final int MAX_PAGE_SIZE = 1000;

    private static final int DEFAULT_BLOCK_BYTES = 4096;
    private static final int MAX_BLOCK_BYTES = 65536;
    private static final long MIN_SCRUB_RATE = 1L << 20;
    private static final long MAX_SCRUB_RATE = 64L << 30;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

    private Arguments() {}

    static String name(String field, String value) {
        if (!NAME.matcher(value).matches()) {
            throw AdminException.invalid(
                    field,
                    value.isEmpty() ? "no name" : "'" + value + "' is not a name",
                    "use 1 to 63 of A-Z a-z 0-9 . _ -, the first a letter or a digit");
        }
        return value;
    }

    /** A name, or the path of a device below {@code /dev}. */
    static String nameOrDevice(String field, String value) {
        return value.startsWith("/dev/") ? absolutePath(field, value).toString() : name(field, value);
    }

    /** 0 stands for what is configured. */
    static long scrubRate(String field, long bytesPerSecond) {
        if (bytesPerSecond != 0 && (bytesPerSecond < MIN_SCRUB_RATE || bytesPerSecond > MAX_SCRUB_RATE)) {
            throw AdminException.invalid(
                    field, bytesPerSecond + " bytes a second is out of range", "use 1MiB to 64GiB");
        }
        return bytesPerSecond;
    }

    static Path absolutePath(String field, String value) {
        try {
            Path path = Path.of(value);
            if (path.isAbsolute()) {
                return path.normalize();
            }
        } catch (InvalidPathException e) {
            throw AdminException.invalid(field, "not a path: " + e.getReason(), "give an absolute path");
        }
        throw AdminException.invalid(
                field, value.isEmpty() ? "no path" : "'" + value + "' is not absolute", "give an absolute path");
    }

    static @Nullable Path optionalPath(String field, String value) {
        return value.isEmpty() ? null : absolutePath(field, value);
    }

    static int blockBytes(String field, int value) {
        if (value == 0) {
            return DEFAULT_BLOCK_BYTES;
        }
        if (value < DEFAULT_BLOCK_BYTES || value > MAX_BLOCK_BYTES || Integer.bitCount(value) != 1) {
            throw AdminException.invalid(field, value + " is no block size", "use 4096, 8192, 16384, 32768 or 65536");
        }
        return value;
    }

    static long cacheBytes(String field, long value) {
        if (value < NodeAdministration.MIN_CACHE_BYTES) {
            throw AdminException.invalid(
                    field, value + " is too small", "use at least " + NodeAdministration.MIN_CACHE_BYTES);
        }
        return value;
    }

    static int pageSize(String field, int value) {
        if (value < 0 || value > MAX_PAGE_SIZE) {
            throw AdminException.invalid(field, value + " is out of range", "use 1 to " + MAX_PAGE_SIZE);
        }
        return value == 0 ? DEFAULT_PAGE_SIZE : value;
    }
}
