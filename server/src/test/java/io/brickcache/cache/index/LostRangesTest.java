package io.brickcache.cache.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.cache.index.LostRange.Cause;
import io.brickcache.cache.index.LostRange.State;
import io.brickcache.cache.index.LostRanges.Added;
import io.brickcache.cache.index.MetadataStore.Family;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LostRangesTest {

    private static final int UNIT = 512;
    private static final long SIZE = 1 << 20;

    private final LostRanges ranges = new LostRanges(7, 8);

    private Added add(long unit, long units, State state) {
        return ranges.add(unit * UNIT, units * UNIT, 100 + unit, Cause.CHECKSUM, state, 0);
    }

    private List<String> shown() {
        return shown(ranges);
    }

    private static List<String> shown(LostRanges ranges) {
        return ranges.from(0, Integer.MAX_VALUE).stream()
                .map(range -> range.offset() / UNIT + "-" + range.end() / UNIT + " " + range.state())
                .toList();
    }

    @Test
    void shouldBeOneRangeWhenNeighboursAreLost() {
        assertThat(add(4, 2, State.UNREADABLE)).isEqualTo(Added.NEW);
        assertThat(add(8, 2, State.UNREADABLE)).isEqualTo(Added.NEW);
        assertThat(add(6, 2, State.UNREADABLE)).isEqualTo(Added.NEW);
        assertThat(add(5, 3, State.UNREADABLE)).isEqualTo(Added.KNOWN);

        assertThat(shown()).containsExactly("4-10 UNREADABLE");
        assertThat(ranges.from(0, 1).get(0).sinceMs()).isEqualTo(104);
    }

    @Test
    void shouldKeepWhatIsGoneApartWhenItsNeighboursAreUnreadable() {
        add(4, 2, State.GONE);
        add(0, 10, State.UNREADABLE);

        assertThat(shown()).containsExactly("0-4 UNREADABLE", "4-6 GONE", "6-10 UNREADABLE");
        assertThat(ranges.isGone(0, 4 * UNIT)).isFalse();
        assertThat(ranges.isGone(3 * UNIT, 2 * UNIT)).isTrue();
    }

    @Test
    void shouldLeaveBothSidesWhenTheMiddleIsOverwritten() {
        add(0, 10, State.GONE);

        assertThat(ranges.remove(3 * UNIT, 2 * UNIT)).isTrue();

        assertThat(shown()).containsExactly("0-3 GONE", "5-10 GONE");
        assertThat(ranges.remove(3 * UNIT, 2 * UNIT)).isFalse();
    }

    @Test
    void shouldStayGoneWhenASlotOfTheBlockCanBeRead() {
        add(0, 2, State.GONE);
        add(2, 2, State.UNREADABLE);

        ranges.removeUnreadable(0, 8 * UNIT);

        assertThat(shown()).containsExactly("0-2 GONE");
    }

    @Test
    void shouldCountBlocksOnceWhenTheyHaveSeveralRanges() {
        add(0, 1, State.GONE);
        add(2, 1, State.UNREADABLE);
        add(7, 2, State.UNREADABLE);

        assertThat(ranges.blocks(12)).isEqualTo(2);
        assertThat(ranges.blocks(12, State.GONE)).isEqualTo(1);
        assertThat(ranges.bytes()).isEqualTo(4 * UNIT);
    }

    /** What is saved replaces the records before it, up to that one and without it. */
    @Test
    void shouldRefuseARecordWhenNoSaveWouldReplaceIt() {
        add(4, 2, State.GONE);
        List<byte[]> records = records(ranges);
        byte[] key = records.get(0);
        byte[] value = records.get(1);
        ByteBuffer.wrap(key).putInt(1, -1);
        CRC32C crc = new CRC32C();
        crc.update(key);
        crc.update(value, 0, value.length - 4);
        ByteBuffer.wrap(value).putInt(value.length - 4, (int) crc.getValue());

        assertThatThrownBy(() -> new LostRanges(7).load(ByteBuffer.wrap(key), ByteBuffer.wrap(value), SIZE, 0))
                .isInstanceOf(MetadataException.class)
                .hasMessageContaining("never written");
    }

    @Test
    void shouldRefuseMoreButJoinNeighboursWhenTheListIsFull() {
        for (int i = 0; i < 8; i++) {
            add(4L * i, 2, State.UNREADABLE);
        }

        assertThat(add(100, 1, State.UNREADABLE)).isEqualTo(Added.REFUSED);
        assertThat(ranges.isFull()).isTrue();
        assertThat(ranges.hasRoom(1)).isFalse();
        assertThat(add(2, 1, State.UNREADABLE)).isEqualTo(Added.NEW);
        assertThat(ranges.size()).isEqualTo(8);

        ranges.remove(0, SIZE);
        assertThat(ranges.isFull()).isFalse();
    }

    @Test
    void shouldTakeWhatIsGoneWhenTheListIsFull() {
        for (int i = 0; i < 8; i++) {
            add(4L * i, 2, State.UNREADABLE);
        }

        assertThat(add(100, 1, State.GONE)).isEqualTo(Added.NEW);

        assertThat(ranges.isGone(100 * UNIT, UNIT)).isTrue();
        assertThat(ranges.size()).isEqualTo(9);
    }

    @Test
    void shouldDropASideOfWhatIsUnreadableButNothingThatIsGoneWhenAFullListIsSplit() {
        for (int i = 0; i < 6; i++) {
            add(4L * i, 2, State.UNREADABLE);
        }
        add(100, 10, State.UNREADABLE);
        add(200, 10, State.GONE);

        ranges.remove(103 * UNIT, UNIT);
        ranges.remove(203 * UNIT, UNIT);

        assertThat(shown()).contains("104-110 UNREADABLE", "200-203 GONE", "204-210 GONE");
        assertThat(shown()).doesNotContain("100-103 UNREADABLE");
        assertThat(ranges.isFull()).isTrue();
    }

    @Test
    void shouldBeAsAMapOfUnitsSaysWhenAnythingIsDone() {
        Random random = new Random(11);
        LostRanges many = new LostRanges(0);
        @Nullable State[] model = new State[256];
        for (int step = 0; step < 5000; step++) {
            int unit = random.nextInt(250);
            int units = 1 + random.nextInt(6);
            int what = random.nextInt(4);
            State state = what == 0 ? State.UNREADABLE : State.GONE;
            switch (what) {
                case 0, 1 ->
                    many.add(
                            (long) unit * UNIT,
                            (long) units * UNIT,
                            step,
                            random.nextBoolean() ? Cause.CHECKSUM : Cause.READ_ERROR,
                            state,
                            0);
                case 2 -> many.remove((long) unit * UNIT, (long) units * UNIT);
                default -> many.removeUnreadable((long) unit * UNIT, (long) units * UNIT);
            }
            for (int i = unit; i < unit + units; i++) {
                model[i] = switch (what) {
                    case 0 -> model[i] == State.GONE ? State.GONE : state;
                    case 1 -> state;
                    case 2 -> null;
                    default -> model[i] == State.GONE ? State.GONE : null;
                };
            }
        }
        @Nullable State[] found = new State[256];
        for (LostRange range : many.from(0, Integer.MAX_VALUE)) {
            for (long at = range.offset(); at < range.end(); at += UNIT) {
                assertThat(found[(int) (at / UNIT)]).isNull();
                found[(int) (at / UNIT)] = range.state();
            }
        }
        assertThat(found).isEqualTo(model);
        assertThat(reloaded(many).from(0, Integer.MAX_VALUE)).isEqualTo(many.from(0, Integer.MAX_VALUE));
    }

    @Test
    void shouldReadBackWhatItWroteWhenThereAreSeveralChunks() {
        LostRanges many = new LostRanges(0);
        for (int i = 0; i < 1200; i++) {
            many.add(4096L * i, UNIT, i, Cause.READ_ERROR, State.GONE, 0);
        }

        assertThat(reloaded(many).from(0, Integer.MAX_VALUE)).isEqualTo(many.from(0, Integer.MAX_VALUE));
    }

    @Test
    void shouldRefuseARecordWhenAnyOfItsBytesIsWrong() {
        add(3, 2, State.GONE);
        List<byte[]> record = records(ranges);
        byte[] key = record.get(0);
        byte[] value = record.get(1);
        for (int i = 0; i < value.length; i++) {
            byte[] wrong = value.clone();
            wrong[i] ^= 1;
            assertThatThrownBy(() -> new LostRanges(7).load(ByteBuffer.wrap(key), ByteBuffer.wrap(wrong), SIZE, 0))
                    .isInstanceOf(MetadataException.class);
        }
        assertThatThrownBy(() -> new LostRanges(7).load(ByteBuffer.wrap(key), ByteBuffer.wrap(value), UNIT, 0))
                .isInstanceOf(MetadataException.class)
                .hasMessageContaining("of a brick of 512");
        assertThatThrownBy(() -> LostRanges.brickOf(ByteBuffer.allocate(4))).isInstanceOf(MetadataException.class);
    }

    @Test
    void shouldRecordTheUnionWhenFurtherRangesOverlap() {
        add(4, 2, State.UNREADABLE);
        List<LostRange> further = List.of(
                new LostRange(0, 8 * UNIT, 1, Cause.CHECKSUM, State.GONE, 0),
                new LostRange(0, 8 * UNIT, 2, Cause.CHECKSUM, State.GONE, 0),
                new LostRange(7 * UNIT, 3 * UNIT, 3, Cause.CHECKSUM, State.GONE, 0));

        assertThat(shown(reloaded(ranges, further)))
                .containsExactly("0-4 GONE", "4-6 UNREADABLE", "6-8 GONE", "8-10 GONE");
    }

    private static LostRanges reloaded(LostRanges from) {
        return reloaded(from, List.of());
    }

    private static LostRanges reloaded(LostRanges from, List<LostRange> further) {
        LostRanges loaded = new LostRanges(0);
        List<byte[]> records = records(from, further);
        try {
            for (int i = 0; i < records.size(); i += 2) {
                loaded.load(ByteBuffer.wrap(records.get(i)), ByteBuffer.wrap(records.get(i + 1)), 8 * SIZE, 0);
            }
        } catch (MetadataException e) {
            throw new AssertionError(e);
        }
        return loaded;
    }

    /** Keys and values in turn. */
    private static List<byte[]> records(LostRanges from) {
        return records(from, List.of());
    }

    private static List<byte[]> records(LostRanges from, List<LostRange> further) {
        MetadataBatch batch = new MetadataBatch();
        from.save(batch, further);
        List<byte[]> records = new ArrayList<>();
        batch.read(new MetadataBatch.Reader<RuntimeException>() {
            @Override
            public void put(Family family, ByteBuffer key, ByteBuffer value) {
                assertThat(family).isEqualTo(Family.LOST);
                records.add(bytes(key));
                records.add(bytes(value));
            }

            @Override
            public void delete(Family family, ByteBuffer key) {
                throw new AssertionError("nothing is deleted one by one");
            }

            @Override
            public void deleteRange(Family family, ByteBuffer from, ByteBuffer to) {}
        });
        return records;
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] copy = new byte[buffer.remaining()];
        buffer.get(buffer.position(), copy);
        return copy;
    }
}
