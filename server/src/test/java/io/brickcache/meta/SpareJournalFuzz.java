package io.brickcache.meta;

import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.fuzz.Input;
import io.brickcache.fuzz.Scratch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;

/**
 * Fuzz target: the file of a spare journal, and the batches in it. The first byte says whether the rest is the file, what
 * lies behind a right header, bodies that get right heads, or batches in whose file bits are then turned.
 *
 * <p>The file is opened or refused with a {@link MetadataException} that names it. What was opened says the same read as a
 * whole, in pieces, and written anew; a batch that is appended to it is there when it is opened again. Turned bits are
 * noticed, or cost the last batch and nothing else.
 */
public final class SpareJournalFuzz {

    private static final UUID CACHE = new UUID(0x0123456789abcdefL, 0x8765432112345678L);
    private static final Family[] FAMILIES = Family.values();
    private static final Path FILE = Scratch.file("cache.journal");

    private SpareJournalFuzz() {}

    public static void fuzzerTestOneInput(byte[] bytes) throws IOException, MetadataException {
        Input input = new Input(bytes);
        switch (input.octet() & 3) {
            case 0 -> read(input.rest());
            case 1 -> read(behindHeader(input.rest()));
            case 2 -> read(behindHeader(records(input)));
            default -> flipped(input);
        }
    }

    private static void read(byte[] content) throws IOException, MetadataException {
        Files.write(FILE, content);
        String before;
        try (SpareFile file = opened()) {
            before = contents(file);
            MetadataBatch whole = new MetadataBatch();
            long last = file.read(0, whole, Long.MAX_VALUE);
            require(contents(pieces(file, last)).equals(contents(List.of(whole))), "in pieces it says something else");
            require(contents(List.of(whole)).equals(before), "read and scanned it says two things");
            MetadataBatch more = new MetadataBatch();
            more.put(Family.CACHE, new byte[] {'n', 'e', 'w'}, new byte[] {'e', 's', 't'});
            file.append(more);
            before = contents(file);
            require(before.contains("6e6577 =657374"), "what was appended is not there");
        } catch (MetadataException e) {
            require(String.valueOf(e.getMessage()).contains(FILE.toString()), "the message does not name the file");
            return;
        }
        try (SpareFile file = opened()) {
            require(contents(file).equals(before), "what was appended is not there when opened again");
            file.compact(0);
        }
        try (SpareFile file = opened()) {
            require(contents(file).equals(before), "written anew it says something else");
        }
    }

    private static List<MetadataBatch> pieces(SpareFile file, long last) throws MetadataException {
        List<MetadataBatch> pieces = new ArrayList<>();
        long after = 0;
        while (after < last) {
            MetadataBatch piece = new MetadataBatch();
            long upTo = file.read(after, piece, 1);
            require(upTo > after, "no step from " + after);
            after = upTo;
            pieces.add(piece);
        }
        return pieces;
    }

    private static byte[] behindHeader(byte[] rest) {
        return ByteBuffer.allocate(SpareRecord.HEADER_BYTES + rest.length)
                .put(SpareRecord.header(CACHE))
                .put(rest)
                .array();
    }

    /** Records of {step of the number 1, length 2, body}; a step of 255 is a leap. */
    private static byte[] records(Input input) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        long number = 0;
        while (!input.isEmpty()) {
            int step = input.octet();
            number = step == 255 ? input.eightOctets() : number + step;
            ByteBuffer body = ByteBuffer.wrap(input.take(input.twoOctets()));
            out.writeBytes(SpareRecord.head(number, body).array());
            out.writeBytes(body.array());
        }
        return out.toByteArray();
    }

    private static void flipped(Input input) throws IOException, MetadataException {
        Files.deleteIfExists(FILE);
        List<String> says = new ArrayList<>();
        long lastAt = 0;
        try (SpareFile file = opened()) {
            int batches = 1 + (input.octet() & 7);
            for (int i = 0; i < batches; i++) {
                says.add(contents(file));
                lastAt = file.sizeBytes();
                file.append(batch(input.twoOctets()));
            }
            says.add(contents(file));
        }
        byte[] valid = Files.readAllBytes(FILE);
        byte[] turned = input.withFlippedBits(valid);
        boolean lastOnly = ByteBuffer.wrap(turned, 0, (int) lastAt).equals(ByteBuffer.wrap(valid, 0, (int) lastAt));
        Files.write(FILE, turned);
        try (SpareFile file = opened()) {
            String now = contents(file);
            boolean same = ByteBuffer.wrap(turned).equals(ByteBuffer.wrap(valid));
            require(
                    now.equals(says.get(says.size() - 1)) && same
                            || now.equals(says.get(says.size() - 2)) && lastOnly
                            || isOneBatchLess(turned, valid, lastAt),
                    "turned bits make another journal");
        } catch (MetadataException e) {
            require(String.valueOf(e.getMessage()).contains(FILE.toString()), "the message does not name the file");
        }
    }

    /** When both the last batch and one before are damaged nothing tells it from a batch that was never completed. */
    private static boolean isOneBatchLess(byte[] turned, byte[] valid, long lastAt) {
        return !ByteBuffer.wrap(turned, (int) lastAt, turned.length - (int) lastAt)
                .equals(ByteBuffer.wrap(valid, (int) lastAt, valid.length - (int) lastAt));
    }

    private static MetadataBatch batch(int number) {
        MetadataBatch batch = new MetadataBatch();
        for (int i = 0; i <= (number & 3); i++) {
            Family family = FAMILIES[(number >> 2) % FAMILIES.length];
            byte[] key = {(byte) (number >> 4), (byte) i};
            switch ((number >> 7 & 3) + i) {
                case 1 -> batch.delete(family, key);
                case 2 -> batch.deleteRange(family, key, new byte[] {(byte) (number >> 5)});
                default -> batch.put(family, key, new byte[] {(byte) number, (byte) (number >> 8), (byte) i});
            }
        }
        return batch;
    }

    private static SpareFile opened() throws MetadataException {
        SpareFile file = new SpareFile(FILE, CACHE, SpareFile.COMPACT_BYTES);
        try {
            file.open();
            return file;
        } catch (MetadataException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static String contents(SpareFile file) throws MetadataException {
        Overlays overlays = new Overlays();
        file.scan(0, (number, batch) -> overlays.add(batch));
        return overlays.contents();
    }

    private static String contents(List<MetadataBatch> batches) throws MetadataException {
        Overlays overlays = new Overlays();
        batches.forEach(overlays::add);
        return overlays.contents();
    }

    /** What batches come to in every family, over a store that has every key of one byte. */
    private static final class Overlays {
        private final List<Overlay> overlays = new ArrayList<>();

        Overlays() {
            for (Family family : FAMILIES) {
                overlays.add(new Overlay(family));
            }
        }

        void add(MetadataBatch batch) {
            overlays.forEach(overlay -> overlay.add(batch));
        }

        String contents() throws MetadataException {
            StringBuilder text = new StringBuilder();
            for (Overlay overlay : overlays) {
                text.append('|');
                overlay.scan(
                        below -> {
                            for (int key = 0; key < 256; key += 5) {
                                below.record(ByteBuffer.wrap(new byte[] {(byte) key}), ByteBuffer.allocate(0));
                            }
                        },
                        (key, value) -> text.append(hex(key)).append('=').append(hex(value)));
            }
            return text.toString();
        }

        private static String hex(ByteBuffer buffer) {
            byte[] copy = new byte[buffer.remaining()];
            buffer.get(buffer.position(), copy);
            return HexFormat.of().formatHex(copy) + ' ';
        }
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalStateException(otherwise);
        }
    }
}
