package io.brickcache.meta;

import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.fuzz.Input;
import io.brickcache.nbd.MemoryDevice;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * Fuzz target: the ring of a commit log. The first byte says whether the rest is the ring, records that are laid into it with right
 * checksums, or batches in whose ring bits are then turned.
 *
 * <p>A ring is refused with a {@link MetadataException} or gives records with consecutive numbers. To what was recovered a batch can
 * be appended that is there, with all others, when it is recovered again. Turned bits are noticed, or cost the last batch and nothing else.
 */
public final class CommitLogFuzz {

    private static final UUID CACHE = new UUID(0x0123456789abcdefL, 0x8765432112345678L);
    private static final int BLOCKS = 4;
    private static final int BYTES = BLOCKS * LogRecord.ALIGNMENT;

    private CommitLogFuzz() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws MetadataException {
        Input input = new Input(bytes);
        switch (input.octet() % 3) {
            case 0 -> recover(ByteBuffer.allocate(BYTES).put(input.take(BYTES)).clear(), input.octet());
            case 1 -> recover(records(input), input.octet());
            default -> flipped(input);
        }
    }

    private static void recover(ByteBuffer ring, long after) throws MetadataException {
        MemoryDevice device = MemoryDevice.ofSize(BYTES);
        ring.get(0, device.content());
        CommitLog log = log(device);
        List<String> found;
        try {
            found = contents(log, after);
        } catch (MetadataException e) {
            require(String.valueOf(e.getMessage()).contains("commit log"), "the message does not name the log");
            return;
        }
        require(log.lastNumber() == after + found.size(), "numbers leap");
        MetadataBatch more = batch(77);
        if (log.lastNumber() < Long.MAX_VALUE && log.takes(more) && log.hasRoomFor(more)) {
            log.append(more, status -> require(status.isOk(), "memory fails"));
            found.add(text(more.encoded()));
            require(contents(log(device), after).equals(found), "what was appended is not there when opened again");
        }
    }

    /** Records of {place 1, number 1, length 2}, one over the other as they come. */
    private static ByteBuffer records(Input input) {
        ByteBuffer ring = ByteBuffer.allocate(BYTES);
        for (int i = 0; i < 2 * BLOCKS && !input.isEmpty(); i++) {
            int place = input.octet() % BLOCKS * LogRecord.ALIGNMENT;
            int number = input.octet() % 16;
            ByteBuffer record = ring.slice(place, BYTES - place);
            int bodyBytes = input.twoOctets() % (record.capacity() - LogRecord.HEAD_BYTES + 1);
            LogRecord.seal(record, number, bodyBytes, LogRecord.bytes(CACHE), 1 + input.octet() / 250, new CRC32C());
        }
        return ring;
    }

    private static void flipped(Input input) throws MetadataException {
        MemoryDevice device = MemoryDevice.ofSize(BYTES);
        CommitLog log = log(device);
        log.begin(0);
        List<String> says = new ArrayList<>();
        long released = 0;
        int batches = 1 + (input.octet() & 7);
        for (int i = 0; i < batches; i++) {
            MetadataBatch batch = batch(input.twoOctets());
            if (!log.hasRoomFor(batch)) {
                log.release(log.end());
                released += says.size();
                says.clear();
            }
            log.append(batch, status -> require(status.isOk(), "memory fails"));
            says.add(text(batch.encoded()));
        }
        byte[] turned = input.withFlippedBits(device.content());
        System.arraycopy(turned, 0, device.content(), 0, BYTES);
        try {
            List<String> now = contents(log(device), released);
            require(says.subList(0, now.size()).equals(now), "turned bits make another log");
        } catch (MetadataException e) {
            require(String.valueOf(e.getMessage()).contains("commit log"), "the message does not name the log");
        }
    }

    private static MetadataBatch batch(int number) {
        MetadataBatch batch = new MetadataBatch();
        batch.put(Family.JOURNAL, new byte[] {(byte) number, (byte) (number >> 8)}, new byte[number % 6000]);
        return batch;
    }

    private static CommitLog log(MemoryDevice device) {
        return new CommitLog(device, 0, ByteBuffer.wrap(device.content().clone()), CACHE);
    }

    private static List<String> contents(CommitLog log, long after) throws MetadataException {
        List<String> contents = new ArrayList<>();
        for (LogRecord record : log.recover(after)) {
            contents.add(text(record.body()));
        }
        return contents;
    }

    private static String text(ByteBuffer bytes) {
        return StandardCharsets.ISO_8859_1.decode(bytes.duplicate()).toString();
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalStateException(otherwise);
        }
    }
}
