package io.brickcache.mapping;

import io.brickcache.block.IoOp;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What the file of a write log says by its description, byte by byte, read apart from {@link WriteLog}.
 *
 * @param changes oldest first; null if the file is damaged
 * @param counts false if there is no log: never completed, of another boot or brick
 */
record LogByTheBook(boolean counts, @Nullable List<Change> changes) {

    /** A change; {@code data}, which nobody moves, is of a WRITE only, else empty. */
    record Change(IoOp op, long offset, long length, ByteBuffer data) {

        boolean isOf(long deviceBytes) {
            return offset >= 0
                    && offset % 512 == 0
                    && length % 512 == 0
                    && length <= deviceBytes
                    && offset <= deviceBytes - length;
        }

        void applyTo(byte[] content) {
            int from = (int) offset;
            if (op == IoOp.WRITE) {
                data.get(0, content, from, data.remaining());
            } else if (op == IoOp.WRITE_ZEROES) {
                Arrays.fill(content, from, from + (int) length, (byte) 0);
            }
        }
    }

    private static final LogByTheBook NONE = new LogByTheBook(false, null);
    private static final LogByTheBook DAMAGED = new LogByTheBook(true, null);

    static LogByTheBook of(byte[] file, UUID brick, String boot) {
        ByteBuffer header = ByteBuffer.wrap(Arrays.copyOf(file, 4096)).order(ByteOrder.nativeOrder());
        if (header.getLong(0) != 0x6263_5772_4c6f_6731L) {
            return header.getLong(0) == 0 ? NONE : DAMAGED;
        }
        byte[] bootBytes = Arrays.copyOf(boot.getBytes(StandardCharsets.UTF_8), 64);
        if (!new UUID(header.getLong(32), header.getLong(40)).equals(brick)
                || !ByteBuffer.wrap(bootBytes).equals(header.slice(48, 64))) {
            return NONE;
        }
        long ring = header.getLong(8);
        long head = header.getLong(16);
        long tail = header.getLong(24);
        boolean possible = ring == file.length - 4096L
                && ring >= 32
                && 0 <= tail
                && tail <= head
                && head <= 1L << 62
                && head - tail <= ring;
        return possible ? new LogByTheBook(true, changes(file, tail, head)) : DAMAGED;
    }

    private static @Nullable List<Change> changes(byte[] file, long tail, long head) {
        byte[] straight = new byte[(int) (head - tail)];
        for (int i = 0; i < straight.length; i++) {
            straight[i] = file[4096 + (int) ((tail + i) % (file.length - 4096))];
        }
        ByteBuffer ring = ByteBuffer.wrap(straight).order(ByteOrder.nativeOrder());
        List<Change> changes = new ArrayList<>();
        while (ring.hasRemaining()) {
            long place = tail + ring.position();
            if (ring.remaining() < 32 || ring.getLong() != place) {
                return null;
            }
            int kind = ring.getInt();
            ring.getInt();
            long offset = ring.getLong();
            long length = ring.getLong();
            boolean write = kind == IoOp.WRITE.ordinal();
            if (!write && kind != IoOp.TRIM.ordinal() && kind != IoOp.WRITE_ZEROES.ordinal() || length <= 0) {
                return null;
            }
            byte[] data = new byte[0];
            if (write) {
                if (length > ring.remaining() || (length + 7) / 8 * 8 > ring.remaining()) {
                    return null;
                }
                data = new byte[(int) length];
                ring.get(data);
                ring.position(ring.position() + (int) (-length & 7));
            }
            changes.add(new Change(IoOp.values()[kind], offset, length, ByteBuffer.wrap(data)));
        }
        return changes;
    }
}
