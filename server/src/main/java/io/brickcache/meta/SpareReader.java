package io.brickcache.meta;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads the records of a spare journal. Whatever length a damaged one claims, memory is taken for a body only after its
 * checksum was found right; until then it is read in pieces of {@value #PIECE_BYTES} bytes. Confined to one thread; all
 * methods block.
 */
final class SpareReader {

    static final int PIECE_BYTES = 1 << 16;

    private final FileChannel channel;
    private final ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);

    SpareReader(FileChannel channel) {
        this.channel = channel;
    }

    /** The first bytes of the file, as many as a header has, or fewer if it is shorter. */
    ByteBuffer header() throws IOException {
        return read(ByteBuffer.allocate(SpareRecord.HEADER_BYTES), 0);
    }

    /** The record at {@code at}, or null if none lies there whole before {@code limit}. */
    @Nullable
    SpareRecord record(long at, long limit) throws IOException {
        if (limit - at < SpareRecord.HEAD_BYTES) {
            return null;
        }
        ByteBuffer head = read(ByteBuffer.allocate(SpareRecord.HEAD_BYTES), at);
        int length = SpareRecord.bodyBytes(head);
        long bodyAt = at + SpareRecord.HEAD_BYTES;
        if (length < 0 || length > limit - bodyAt) {
            return null;
        }
        if (length > PIECE_BYTES && !isWhole(head, bodyAt, length)) {
            return null;
        }
        return SpareRecord.of(head, read(ByteBuffer.allocate(length), bodyAt));
    }

    /** True if somewhere in [from, to) lies a whole record with a number above {@code number}. */
    boolean findAbove(long number, long from, long to) throws IOException {
        ByteBuffer window = ByteBuffer.allocate(PIECE_BYTES);
        long at = from;
        while (to - at >= SpareRecord.HEAD_BYTES) {
            window.clear().limit((int) Math.min(PIECE_BYTES, to - at));
            read(window, at);
            int heads = window.limit() - SpareRecord.HEAD_BYTES + 1;
            for (int i = 0; i < heads; i++) {
                ByteBuffer head = window.slice(i, SpareRecord.HEAD_BYTES);
                long bodyAt = at + i + SpareRecord.HEAD_BYTES;
                if (SpareRecord.mayBeAbove(number, head, to - bodyAt)
                        && isWhole(head, bodyAt, SpareRecord.bodyBytes(head))) {
                    return true;
                }
            }
            if (heads <= 0) {
                return false;
            }
            at += heads;
        }
        return false;
    }

    private boolean isWhole(ByteBuffer head, long bodyAt, int length) throws IOException {
        CRC32C crc = SpareRecord.begunChecksum(head);
        long at = bodyAt;
        long end = bodyAt + length;
        while (at < end) {
            piece.clear().limit((int) Math.min(PIECE_BYTES, end - at));
            read(piece, at);
            if (!piece.hasRemaining()) {
                return false;
            }
            at += piece.remaining();
            crc.update(piece);
        }
        return SpareRecord.isChecksum(head, crc);
    }

    /** Fills the buffer, as far as the file goes, and flips it. */
    private ByteBuffer read(ByteBuffer into, long at) throws IOException {
        while (into.hasRemaining()) {
            if (channel.read(into, at + into.position()) < 0) {
                break;
            }
        }
        return into.flip();
    }
}
