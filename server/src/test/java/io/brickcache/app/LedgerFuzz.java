package io.brickcache.app;

import io.brickcache.fuzz.Input;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * Fuzz target: the record of a brick in the state directory. The first byte says whether the rest is the file, its lines
 * (which get the right checksum and padding), or a record in which bits are turned. It is read or refused with an
 * {@link IOException}; what was read can be written and read again; turned bits are noticed or without meaning.
 */
public final class LedgerFuzz {

    private static final UUID BRICK = new UUID(0x1234, 0x8765);

    private LedgerFuzz() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws IOException {
        Input input = new Input(bytes);
        switch (input.octet() % 3) {
            case 0 -> read(input.rest());
            case 1 -> read(sealed(input.rest()));
            default -> flipped(input);
        }
    }

    private static void read(byte[] file) throws IOException {
        LedgerRecord record;
        try {
            record = LedgerRecord.decode(BRICK, file);
        } catch (IOException e) {
            require(e.getMessage() != null, "refused without a reason");
            return;
        }
        byte[] again = record.encode();
        require(again.length == LedgerRecord.BYTES, "written with " + again.length + " bytes");
        require(LedgerRecord.decode(BRICK, again).equals(record), "not the same again: " + record);
        require(record.dirtyBytes() >= LedgerRecord.UNKNOWN, "less than nothing is dirty: " + record);
    }

    private static byte[] sealed(byte[] lines) {
        byte[] ascii = new String(lines, StandardCharsets.US_ASCII).getBytes(StandardCharsets.US_ASCII);
        CRC32C crc = new CRC32C();
        crc.update(ascii);
        byte[] seal = String.format("crc32c %08x", (int) crc.getValue()).getBytes(StandardCharsets.US_ASCII);
        byte[] file = new byte[LedgerRecord.BYTES];
        Arrays.fill(file, (byte) ' ');
        int used = Math.min(ascii.length, file.length - seal.length);
        return ByteBuffer.wrap(file).put(ascii, 0, used).put(seal).array();
    }

    private static void flipped(Input input) throws IOException {
        int flags = input.octet();
        long dirty = Math.max(LedgerRecord.UNKNOWN, input.eightOctets());
        // Years as people see them, and those at the end of time.
        long second = (flags & 8) == 0
                ? input.eightOctets() >>> 30
                : Math.floorMod(input.eightOctets(), Instant.MAX.getEpochSecond());
        LedgerRecord record = new LedgerRecord(
                BRICK,
                dirty,
                (flags & 1) == 0 ? null : Instant.ofEpochSecond(second, input.twoOctets()),
                (flags & 2) != 0,
                (flags & 4) == 0 ? null : (Integer) (int) input.eightOctets());
        byte[] valid = record.encode();
        require(LedgerRecord.decode(BRICK, valid).equals(record), "not the same again: " + record);
        try {
            require(
                    LedgerRecord.decode(BRICK, input.withFlippedBits(valid)).equals(record),
                    "turned bits make another record of " + record);
        } catch (IOException e) {
            require(e.getMessage() != null, "refused without a reason");
        }
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalStateException(otherwise);
        }
    }
}
