package io.brickcache.mapping;

import io.brickcache.block.IoOp;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The changes of a brick that were answered and are not known to be durable, in shared memory: they outlive the process, not
 * the machine. A ring in a file of a tmpfs, written by the brick's loop alone; a change is in it when the head has passed it.
 *
 * <pre>
 *    0  u64 magic          8  u64 bytes of the ring   16  u64 head, written last    24  u64 tail
 *   32  UUID of the brick (16 bytes)                  48  boot id of the machine (text)
 * 4096  the ring; head and tail count bytes since the log was made, an entry goes on at the start when the end is reached
 *
 * entry: u64 its position, u32 operation, u32 flags, u64 offset, u64 length; of a WRITE its data, up to a multiple of 8
 * </pre>
 *
 * <p>Invariants: tail <= head <= tail + ring; head + reserved <= tail + ring. What is between tail and head is a suffix of
 * all changes that were answered, in the order of their answers: doing it again on what a crash left gives what was answered.
 */
public final class WriteLog implements AutoCloseable {

    /** Room for two of the largest requests. */
    public static final int MIN_BYTES = 64 << 20;

    private static final long MAGIC = 0x6263_5772_4c6f_6731L;
    private static final int HEADER_BYTES = 4096;
    private static final int SIZE_AT = 8;
    private static final int HEAD_AT = 16;
    private static final int TAIL_AT = 24;
    private static final int UUID_AT = 32;
    private static final int BOOT_AT = 48;
    private static final int MAX_BOOT_BYTES = 64;
    private static final int ENTRY_BYTES = 32;
    /** In years at any speed nobody gets there. */
    private static final long MAX_POSITION = 1L << 62;

    private static final IoOp[] OPS = IoOp.values();
    private static final VarHandle LONG = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private final Path file;
    private final FileChannel channel;
    private final ByteBuffer memory;
    private final ByteBuffer entryHeader = ByteBuffer.allocate(ENTRY_BYTES).order(ByteOrder.nativeOrder());
    private final int ringBytes;
    private long head;
    private long tail;
    private long reserved;

    /** What hears the changes, oldest first. */
    @FunctionalInterface
    public interface Reader {
        /**
         * A change of the log.
         *
         * @param data of a WRITE, as parts of the log's memory, one after the other; both empty otherwise
         */
        void change(IoOp op, int flags, long offset, long length, ByteBuffer data, ByteBuffer rest) throws IOException;
    }

    private WriteLog(Path file, FileChannel channel, ByteBuffer memory, int ringBytes) {
        this.file = file;
        this.channel = channel;
        this.memory = memory;
        this.ringBytes = ringBytes;
        this.head = (long) LONG.getAcquire(memory, HEAD_AT);
        this.tail = (long) LONG.getAcquire(memory, TAIL_AT);
    }

    /** Makes an empty log in the place of any; all of its memory is there when it returns. */
    public static WriteLog create(Path file, UUID brick, String bootId, int ringBytes) throws IOException {
        Files.deleteIfExists(file);
        FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            // Written, not only made longer: where memory is short that is an error here, and a broken process later.
            long total = (long) HEADER_BYTES + ringBytes;
            ByteBuffer zeroes = ByteBuffer.allocateDirect((int) Math.min(1 << 20, total));
            for (long done = 0; done < total; ) {
                zeroes.clear().limit((int) Math.min(zeroes.capacity(), total - done));
                done += channel.write(zeroes, done);
            }
            MappedByteBuffer memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, total);
            memory.order(ByteOrder.nativeOrder());
            memory.putLong(SIZE_AT, ringBytes);
            memory.putLong(UUID_AT, brick.getMostSignificantBits());
            memory.putLong(UUID_AT + Long.BYTES, brick.getLeastSignificantBits());
            memory.put(BOOT_AT, boot(bootId));
            LONG.setRelease(memory, 0, MAGIC);
            return new WriteLog(file, channel, memory, ringBytes);
        } catch (IOException | RuntimeException | Error e) {
            channel.close();
            Files.deleteIfExists(file);
            throw e;
        }
    }

    /**
     * Opens the log that a service of this boot has left for the brick; null if there is none. One that was never
     * complete, or is of another boot or brick, is removed.
     *
     * @throws IOException naming the file, also if it is damaged; it stays where it is
     */
    public static @Nullable WriteLog find(Path file, UUID brick, String bootId) throws IOException {
        if (!Files.exists(file)) {
            return null;
        }
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        WriteLog found = null;
        try {
            ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.nativeOrder());
            while (header.hasRemaining() && channel.read(header, header.position()) > 0) {
                // the rest of it
            }
            if (isOf(header, brick, bootId)) {
                found = open(file, channel, header);
            } else if (header.getLong(0) != 0 && header.getLong(0) != MAGIC) {
                throw damaged(file, "it is no write log of this release");
            }
        } finally {
            if (found == null) {
                channel.close();
            }
        }
        if (found == null) {
            Files.delete(file);
        }
        return found;
    }

    private static boolean isOf(ByteBuffer header, UUID brick, String bootId) {
        byte[] boot = new byte[MAX_BOOT_BYTES];
        header.get(BOOT_AT, boot);
        return header.getLong(0) == MAGIC
                && header.getLong(UUID_AT) == brick.getMostSignificantBits()
                && header.getLong(UUID_AT + Long.BYTES) == brick.getLeastSignificantBits()
                && Arrays.equals(boot, boot(bootId));
    }

    private static WriteLog open(Path file, FileChannel channel, ByteBuffer header) throws IOException {
        long size = channel.size();
        long ringBytes = header.getLong(SIZE_AT);
        long head = header.getLong(HEAD_AT);
        long tail = header.getLong(TAIL_AT);
        if (ringBytes != size - HEADER_BYTES || ringBytes < ENTRY_BYTES || size > Integer.MAX_VALUE) {
            throw damaged(file, "it has " + size + " bytes");
        }
        if (tail < 0 || head < tail || head - tail > ringBytes || head > MAX_POSITION) {
            throw damaged(file, "it says that it goes from " + tail + " to " + head);
        }
        MappedByteBuffer memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, size);
        memory.order(ByteOrder.nativeOrder());
        return new WriteLog(file, channel, memory, (int) ringBytes);
    }

    private static IOException damaged(Path file, String how) {
        return new IOException(
                file + " is damaged: " + how + "; whoever removes it gives up what was answered last and not flushed");
    }

    private static byte[] boot(String bootId) {
        return Arrays.copyOf(bootId.getBytes(StandardCharsets.UTF_8), MAX_BOOT_BYTES);
    }

    /** Takes room for a change that has been asked for; false if there is none now. */
    boolean reserve(long dataBytes) {
        long bytes = entryBytes(dataBytes);
        if (bytes > ringBytes - (head - tail) - reserved) {
            return false;
        }
        reserved += bytes;
        return true;
    }

    /** A change that room was taken for was not made. */
    void cancel(long dataBytes) {
        reserved -= entryBytes(dataBytes);
    }

    /**
     * Appends a change that has been made, for which room was taken.
     *
     * @param data of a WRITE, of {@code length} bytes; read to its end; null otherwise
     */
    void append(IoOp op, int flags, long offset, long length, @Nullable ByteBuffer data) {
        int dataBytes = data == null ? 0 : data.remaining();
        reserved -= entryBytes(dataBytes);
        entryHeader.clear();
        entryHeader
                .putLong(head)
                .putInt(op.ordinal())
                .putInt(flags)
                .putLong(offset)
                .putLong(length)
                .flip();
        copyIn(head, entryHeader);
        if (data != null) {
            copyIn(head + ENTRY_BYTES, data);
        }
        head += entryBytes(dataBytes);
        LONG.setRelease(memory, HEAD_AT, head);
    }

    /** Where the oldest change is that may not be durable; {@link #head} if there is none. */
    long tail() {
        return tail;
    }

    /** Where the next change will be. */
    long head() {
        return head;
    }

    /** Everything before the position is durable. */
    void release(long position) {
        if (position > tail) {
            tail = position;
            LONG.setRelease(memory, TAIL_AT, tail);
        }
    }

    boolean isEmpty() {
        return head == tail;
    }

    /** Of the ring; changes that are under way included. */
    long usedBytes() {
        return head - tail + reserved;
    }

    int ringBytes() {
        return ringBytes;
    }

    /** Tells all changes. */
    public void read(Reader reader) throws IOException {
        long place = tail;
        while (place < head) {
            place = read(place, reader);
        }
    }

    /** Tells the change that is there, between tail and head, and answers with the place of the next one. */
    long read(long place, Reader reader) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(ENTRY_BYTES).order(ByteOrder.nativeOrder());
        header.put(part(place, ENTRY_BYTES)).put(rest(place, ENTRY_BYTES)).flip();
        int kind = header.getInt(8);
        long length = header.getLong(24);
        boolean known = kind >= 0 && kind < OPS.length && OPS[kind].isMutation();
        if (header.getLong(0) != place || !known || length <= 0) {
            throw damaged(file, "no change begins at " + place);
        }
        IoOp op = OPS[kind];
        long dataBytes = op == IoOp.WRITE ? length : 0;
        if (dataBytes > ringBytes || entryBytes(dataBytes) > head - place) {
            throw damaged(file, "the change at " + place + " is longer than what follows");
        }
        long dataAt = place + ENTRY_BYTES;
        reader.change(
                op, header.getInt(12), header.getLong(16), length, part(dataAt, (int) dataBytes), rest(dataAt, (int)
                        dataBytes));
        return place + entryBytes(dataBytes);
    }

    /** Removes the log, and its memory with it. It is not used any more, by anybody. */
    public void delete() throws IOException {
        Files.deleteIfExists(file);
        // The mapping lasts until the garbage collector finds it; its pages go now.
        channel.truncate(0);
        channel.close();
    }

    /** Leaves it for the next service. */
    @Override
    public void close() throws IOException {
        channel.close();
    }

    private static long entryBytes(long dataBytes) {
        return ENTRY_BYTES + (dataBytes + 7 & ~7L);
    }

    private void copyIn(long position, ByteBuffer from) {
        int place = (int) (position % ringBytes);
        int first = Math.min(from.remaining(), ringBytes - place);
        int start = from.position();
        memory.put(HEADER_BYTES + place, from, start, first);
        memory.put(HEADER_BYTES, from, start + first, from.remaining() - first);
    }

    /** What of the range comes before the end of the ring. */
    private ByteBuffer part(long position, int length) {
        int place = (int) (position % ringBytes);
        return memory.slice(HEADER_BYTES + place, Math.min(length, ringBytes - place));
    }

    private ByteBuffer rest(long position, int length) {
        int place = (int) (position % ringBytes);
        return memory.slice(HEADER_BYTES, Math.max(0, length - (ringBytes - place)));
    }
}
