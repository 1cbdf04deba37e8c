package io.brickcache.interop;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.BitSet;

/**
 * What every sector of one brick may hold. A write carries a sequence number, and what it puts into a sector is made from
 * brick, sector and sequence: a sector that is old, torn, misplaced or another brick's is told from a right one, and a
 * right one says which write it is from. Sequence 0 is what the disk held before. One thread uses it.
 *
 * <p>For each sector {@code flushed <= acknowledged <= issued}. While the service runs and nothing is in flight a sector
 * holds {@code acknowledged}; after a crash anything that was issued from {@code flushed} on.
 */
final class SectorModel {
    static final int SECTOR_BYTES = 512;
    static final int CHUNK_SECTORS = 2048;

    private static final long GOLDEN = 0x9e3779b97f4a7c15L;

    private final long salt;
    private final int[] issued;
    private final int[] acknowledged;
    private final int[] flushed;
    // The last write of zeroes, or -1: zeroes cannot carry a sequence.
    private final int[] zeroed;
    private final BitSet unflushed = new BitSet();
    private int lastSequence;

    SectorModel(String brick, long sizeBytes) {
        int sectors = Math.toIntExact(sizeBytes / SECTOR_BYTES);
        this.salt = brick.hashCode() * GOLDEN;
        this.issued = new int[sectors];
        this.acknowledged = new int[sectors];
        this.flushed = new int[sectors];
        this.zeroed = new int[sectors];
        Arrays.fill(zeroed, -1);
    }

    /** Writes to the file what the disk holds before anything is written. */
    void fill(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            for (int first = 0; first < sectors(); first += CHUNK_SECTORS) {
                int count = Math.min(CHUNK_SECTORS, sectors() - first);
                ByteBuffer content = content(new Write(first, count, 0));
                while (content.hasRemaining()) {
                    channel.write(content, (long) first * SECTOR_BYTES + content.position());
                }
            }
        }
    }

    int sectors() {
        return issued.length;
    }

    /** Makes a write of content; the result is what to send. */
    Write write(int first, int count) {
        return issue(first, count, false);
    }

    /** Makes a write of zeroes. */
    Write zero(int first, int count) {
        return issue(first, count, true);
    }

    private Write issue(int first, int count, boolean zeroes) {
        int sequence = ++lastSequence;
        Arrays.fill(issued, first, first + count, sequence);
        if (zeroes) {
            Arrays.fill(zeroed, first, first + count, sequence);
        }
        return new Write(first, count, sequence);
    }

    /** The write was answered; it does not overlap another in flight. */
    void acknowledge(Write write, boolean durable) {
        int end = write.first() + write.count();
        Arrays.fill(acknowledged, write.first(), end, write.sequence());
        if (durable) {
            Arrays.fill(flushed, write.first(), end, write.sequence());
        } else {
            unflushed.set(write.first(), end);
        }
    }

    /** A flush was answered that was sent when nothing else was in flight. */
    void flushed() {
        unflushed.stream().forEach(sector -> flushed[sector] = acknowledged[sector]);
        unflushed.clear();
    }

    /** The content of sectors as one write puts it there. */
    ByteBuffer content(Write write) {
        ByteBuffer content = ByteBuffer.allocate(write.count() * SECTOR_BYTES);
        for (int i = 0; i < write.count(); i++) {
            putSector(content, write.first() + i, write.sequence());
        }
        return content.flip();
    }

    /** Fails unless every sector of {@code data} holds its last acknowledged write. */
    void checkRunning(int first, ByteBuffer data) {
        for (int sector = first; data.hasRemaining(); sector++) {
            ByteBuffer found = next(data);
            if (!holds(found, sector, acknowledged[sector])) {
                throw wrong(found, sector);
            }
        }
    }

    /** Fails unless every sector of {@code data} holds a write issued since its last flush; takes over what is there. */
    void checkAfterCrash(int first, ByteBuffer data) {
        for (int sector = first; data.hasRemaining(); sector++) {
            ByteBuffer found = next(data);
            int sequence = isZero(found) ? zeroed[sector] : found.getInt(found.position() + Long.BYTES);
            if (sequence < flushed[sector] || sequence > issued[sector] || !holds(found, sector, sequence)) {
                throw wrong(found, sector);
            }
            acknowledged[sector] = sequence;
            issued[sector] = sequence;
            if (sequence != zeroed[sector]) {
                // Zeroes that are not there now must not be found later either.
                zeroed[sector] = -1;
            }
            unflushed.set(sector);
        }
    }

    private boolean holds(ByteBuffer found, int sector, int sequence) {
        if (sequence == zeroed[sector]) {
            return isZero(found);
        }
        ByteBuffer expected = ByteBuffer.allocate(SECTOR_BYTES);
        putSector(expected, sector, sequence);
        return found.equals(expected.flip());
    }

    private AssertionError wrong(ByteBuffer found, int sector) {
        String content = isZero(found)
                ? "zeroes"
                : "what claims to be sector " + found.getLong(found.position()) + ", sequence "
                        + found.getInt(found.position() + Long.BYTES);
        return new AssertionError("sector " + sector + " holds " + content + "; flushed " + flushed[sector]
                + ", acknowledged " + acknowledged[sector] + ", issued " + issued[sector] + ", last zeroed "
                + zeroed[sector]);
    }

    /** Sector number, sequence, and words that depend on both and on the brick. */
    private void putSector(ByteBuffer target, int sector, int sequence) {
        target.putLong(sector).putInt(sequence).putInt(~sequence);
        long word = mix(salt ^ mix(((long) sector << 32) ^ sequence));
        for (int i = 2; i < SECTOR_BYTES / Long.BYTES; i++) {
            word += GOLDEN;
            target.putLong(mix(word));
        }
    }

    private static long mix(long value) {
        long x = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
        x = (x ^ (x >>> 27)) * 0x94d049bb133111ebL;
        return x ^ (x >>> 31);
    }

    private static ByteBuffer next(ByteBuffer data) {
        ByteBuffer sector = data.slice(data.position(), SECTOR_BYTES);
        data.position(data.position() + SECTOR_BYTES);
        return sector;
    }

    private static boolean isZero(ByteBuffer sector) {
        for (int i = sector.position(); i < sector.limit(); i += Long.BYTES) {
            if (sector.getLong(i) != 0) {
                return false;
            }
        }
        return true;
    }

    /** Sectors and the sequence number of what is written there. */
    record Write(int first, int count, int sequence) {}
}
