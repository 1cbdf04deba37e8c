package io.brickcache.meta;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The end of the write-ahead log after the last durable batch, kept so that a batch whose write failed can be cut off
 * again: when only the sync failed its record may lie whole in the log, and a reopened RocksDB would replay a batch that
 * was reported as failed.
 *
 * <p>Invariants: RocksDB appends to the newest {@code NUMBER.log} only and to no log it found when it was opened; a
 * batch makes its log grow; logs newer than the tail hold nothing durable. Confined to the metadata thread.
 */
final class WalTail {

    private static final Logger LOG = LoggerFactory.getLogger(WalTail.class);

    private static final String SUFFIX = ".log";
    private static final long NONE = -1;

    private final Path directory;
    private Path file;
    private long number = NONE;
    private long bytes;
    private boolean known;

    WalTail(Path directory) {
        this.directory = directory;
        this.file = directory;
    }

    /** Finds the newest log. Called when everything in it is durable: after open. */
    void locate() {
        known = false;
        try {
            long newest = NONE;
            for (Path log : logs()) {
                newest = Math.max(newest, numberOf(log));
            }
            number = newest;
            file = newest == NONE ? directory : directory.resolve("%06d%s".formatted(newest, SUFFIX));
            bytes = newest == NONE ? 0 : Files.size(file);
            known = true;
        } catch (IOException e) {
            LOG.warn("The log in {} cannot be measured: {}", directory, e.toString());
        }
    }

    /**
     * Moves the tail to behind the batch that has just become durable. One stat call unless RocksDB began a new log.
     *
     * @return true if RocksDB began a new log
     */
    boolean advance() {
        if (known && number != NONE) {
            try {
                long now = Files.size(file);
                if (now > bytes) {
                    bytes = now;
                    return false;
                }
            } catch (IOException e) {
                LOG.debug("{} is gone, looking for the next log", file, e);
            }
        }
        locate();
        return true;
    }

    /** Cuts off what lies behind the tail, durably. The database must be closed. Repeatable. */
    void cut() throws IOException {
        if (!known) {
            throw new IOException("the end of its last good batch in the log is not known");
        }
        for (Path log : logs()) {
            long logNumber = numberOf(log);
            if (logNumber == number) {
                truncate(log, bytes);
            } else if (logNumber > number) {
                truncate(log, 0);
            }
        }
    }

    /** Bytes of the log that the tail ends. */
    long sizeBytes() {
        return bytes;
    }

    private static void truncate(Path log, long bytes) throws IOException {
        if (Files.size(log) <= bytes) {
            return;
        }
        try (FileChannel channel = FileChannel.open(log, StandardOpenOption.WRITE)) {
            channel.truncate(bytes);
            channel.force(true);
        }
    }

    private List<Path> logs() throws IOException {
        List<Path> logs = new ArrayList<>();
        try (Stream<Path> entries = Files.list(directory)) {
            entries.filter(entry -> numberOf(entry) >= 0).forEach(logs::add);
        }
        return logs;
    }

    /** The number in a log's name; negative if this is not a log. */
    private static long numberOf(Path entry) {
        String name = entry.getFileName().toString();
        if (!name.endsWith(SUFFIX)) {
            return -1;
        }
        String digits = name.substring(0, name.length() - SUFFIX.length());
        return digits.matches("\\d{1,18}") ? Long.parseLong(digits) : -1;
    }
}
