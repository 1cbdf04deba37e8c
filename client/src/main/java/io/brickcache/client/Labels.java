package io.brickcache.client;

import com.google.protobuf.ProtocolMessageEnum;
import com.google.protobuf.Timestamp;
import io.brickcache.admin.v1.Brick;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/** Values of the API as words of a table. */
final class Labels {
    private Labels() {}

    /** {@code CACHE_STATE_PASS_THROUGH} as {@code pass-through}; what this client does not know as {@code unknown}. */
    static String of(ProtocolMessageEnum value) {
        String text = value.toString();
        if (text.equals("UNRECOGNIZED")) {
            return "unknown";
        }
        String prefix = value.getDescriptorForType()
                        .getName()
                        .replaceAll("([a-z])([A-Z])", "$1_$2")
                        .toUpperCase(Locale.ROOT)
                + "_";
        return text.substring(prefix.length()).toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** For how long the oldest dirty data waits; a dash while nothing is dirty. */
    static String oldestDirty(Brick brick) {
        return brick.hasOldestDirtyAge() ? Units.time(oldestDirtyAge(brick)) : "-";
    }

    static Duration oldestDirtyAge(Brick brick) {
        return Duration.ofSeconds(brick.getOldestDirtyAge().getSeconds());
    }

    /** How much of its disk the brick does not have, and how it gets that; empty if it has all, or nobody knows. */
    static Optional<String> largerDisk(Brick brick) {
        long unusedBytes = brick.getDiskSizeBytes() - brick.getSizeBytes();
        return unusedBytes <= 0
                ? Optional.empty()
                : Optional.of(Units.size(brick.getDiskSizeBytes()) + ", " + Units.size(unusedBytes)
                        + " unused; to use them: brickcache brick grow " + brick.getName());
    }

    /** To the second, UTC. */
    static String time(Timestamp time) {
        return Instant.ofEpochSecond(time.getSeconds()).toString();
    }

    static String orDash(String text) {
        return text.isEmpty() ? "-" : text;
    }
}
