package io.brickcache.meta;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/**
 * A ring of metadata batches in a fixed place of the data area ({@link LogRecord} says how one lies there). A record is one
 * write that is answered when it is durable: the place is allocated and written, so no file system has to note anything.
 *
 * <p>Invariants:
 * <ol>
 *   <li>Records have consecutive numbers, but where one was skipped, and lie one behind the other, from the start again where one does not fit before the
 *       end. A record begins only when the one before is durable.
 *   <li>What was not released is not written over.
 *   <li>A failed write uses up its number, too: whether it left anything is not known. Its caller appends nothing more until it
 *       has seen to it that {@link #recover} is not asked for that number.
 * </ol>
 *
 * <p>Made on any thread, then confined to the loop of its device.
 */
public final class CommitLog {

    private static final int MAX_RECORD_BYTES = 1 << 17;

    private final BlockDevice device;
    private final long offset;
    private final int bytes;
    private final byte[] cache;
    private final IoBuffer buffer;
    private final ByteBuffer view;
    private final Append append = new Append();
    private final CRC32C crc = new CRC32C();

    /** What the ring holds when it is opened; empty afterwards. */
    private ByteBuffer content;

    private long lastNumber;
    /** The oldest record that was not released and the end of the newest, in bytes ever written; the place is the remainder. */
    private long head;

    private long tail;

    private final class Append extends IoRequest {
        private Consumer<IoStatus> done = status -> {};
        private long end;

        @Override
        public void completed(IoStatus status) {
            if (status.isOk()) {
                tail = end;
            }
            done.accept(status);
        }
    }

    /**
     * @param offset where the ring begins on the device, a multiple of 4096
     * @param content what is there now; its length is that of the ring, a multiple of 4096, two of them at least
     * @param cache whose log it is: records of others are none
     */
    public CommitLog(BlockDevice device, long offset, ByteBuffer content, UUID cache) {
        this.device = device;
        this.offset = offset;
        this.content = content.slice();
        this.bytes = content.remaining();
        this.cache = LogRecord.bytes(cache);
        this.buffer = Objects.requireNonNull(new BufferPool(MAX_RECORD_BYTES).tryAllocate(MAX_RECORD_BYTES));
        this.view = buffer.bytes().duplicate();
    }

    /**
     * Goes on where the ring ends: from the record {@code after + 1}, the oldest that counts, to the last whole one.
     *
     * @return those records, valid as long as the content that was given
     * @throws MetadataException CORRUPT if one is missing before others; MISMATCH if one is of an unknown version
     */
    List<LogRecord> recover(long after) throws MetadataException {
        List<LogRecord> found = new ArrayList<>();
        for (int position = 0; position < bytes; position += LogRecord.ALIGNMENT) {
            LogRecord record = LogRecord.at(position, content, cache);
            if (record != null && record.number() > after) {
                found.add(record);
            }
        }
        content = ByteBuffer.allocate(0);
        found.sort(Comparator.comparingLong(LogRecord::number));
        lastNumber = after;
        for (LogRecord record : found) {
            if (record.number() != lastNumber + 1) {
                throw new MetadataException(
                        Kind.CORRUPT,
                        "the commit log on " + device.name() + " has commit " + record.number() + " but not commit "
                                + (lastNumber + 1) + " before it. Keep it; check the SSD");
            }
            lastNumber = record.number();
            long start = tail - place(tail) + record.position();
            tail = (start < tail ? start + bytes : start) + record.totalBytes();
        }
        head = found.isEmpty() ? tail : found.get(0).position();
        return found;
    }

    /** Goes on with nothing in it, and numbers above {@code number}. */
    void begin(long number) {
        content = ByteBuffer.allocate(0);
        lastNumber = number;
    }

    /** True if such a batch can be a record. A larger one must go elsewhere. */
    boolean takes(MetadataBatch batch) {
        return LogRecord.totalBytes(batch.sizeBytes()) <= Math.min(MAX_RECORD_BYTES, bytes / 2);
    }

    /** True if there is room for the batch, which the log {@link #takes}, without anything being released. */
    boolean hasRoomFor(MetadataBatch batch) {
        return tail == head || start(batch) + LogRecord.totalBytes(batch.sizeBytes()) - head <= bytes;
    }

    /** True if it is time to release something. */
    boolean isHalfFull() {
        return tail - head >= bytes / 2;
    }

    /**
     * Uses up a number without a record. Who has what comes after it, but not what it stands for, is told so by
     * {@link #recover}.
     */
    void skip() {
        lastNumber++;
    }

    /** The number used last. */
    long lastNumber() {
        return lastNumber;
    }

    /** Where the log ends now, for {@link #release}. */
    long end() {
        return tail;
    }

    /** What lies before that end is not asked for any more. */
    void release(long end) {
        head = Math.max(head, end);
    }

    /**
     * Appends a batch for which there is room; {@code done} hears, on the loop, whether it is durable. One at a time. The
     * batch is the caller's again when this returns.
     */
    void append(MetadataBatch batch, Consumer<IoStatus> done) {
        if (tail == head) {
            // Nothing counts: any place will do.
            tail = start(batch);
            head = tail;
        }
        int bodyBytes = batch.sizeBytes();
        int recordBytes = LogRecord.totalBytes(bodyBytes);
        batch.copyTo(view, LogRecord.HEAD_BYTES);
        lastNumber++;
        LogRecord.seal(view, lastNumber, bodyBytes, cache, LogRecord.FORMAT_VERSION, crc);
        long start = start(batch);
        append.done = done;
        append.end = start + recordBytes;
        append.prepare(IoOp.WRITE, offset + place(start), recordBytes, IoRequest.FUA, buffer, 0);
        device.submit(append);
    }

    /** Where the batch begins: behind the last record, or at the next start of the ring if it does not fit before its end. */
    private long start(MetadataBatch batch) {
        int left = bytes - place(tail);
        return LogRecord.totalBytes(batch.sizeBytes()) <= left ? tail : tail + left;
    }

    private int place(long at) {
        return (int) (at % bytes);
    }
}
