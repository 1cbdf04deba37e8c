package io.brickcache.cache.index;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.cache.index.MetadataStore.Family;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RegionHeatTest {

    private static final int HOUR = 36_000;
    private static final int BRICK = 200;
    private static final int REGIONS = 1_000;

    private final RegionHeat heat = new RegionHeat(BRICK, REGIONS);

    /** {reads, writes, hits} of a region, as a record has them. */
    private static List<Integer> counts(RegionHeat heat, int region, int tick) {
        // One touch of a neighbour makes the chunk decay and be saved.
        heat.written(region ^ 1, tick);
        List<Integer> found = new ArrayList<>();
        for (HeatRecord record : save(heat)) {
            if (record.key.getInt(1) == region / 256) {
                for (int i = 0; i < 3; i++) {
                    found.add(Short.toUnsignedInt(record.value.getShort(1 + region % 256 * 6 + 2 * i)));
                }
            }
        }
        return found;
    }

    private record HeatRecord(ByteBuffer key, ByteBuffer value) {}

    private static List<HeatRecord> save(RegionHeat heat) {
        MetadataBatch batch = new MetadataBatch();
        heat.save(batch);
        List<HeatRecord> records = new ArrayList<>();
        batch.read(new MetadataBatch.Reader<RuntimeException>() {
            @Override
            public void put(Family family, ByteBuffer key, ByteBuffer value) {
                assertThat(family).isEqualTo(Family.HEAT);
                records.add(new HeatRecord(copy(key), copy(value)));
            }

            @Override
            public void delete(Family family, ByteBuffer key) {
                throw new AssertionError("heat deletes nothing when it is saved");
            }

            @Override
            public void deleteRange(Family family, ByteBuffer from, ByteBuffer to) {
                throw new AssertionError("heat deletes nothing when it is saved");
            }
        });
        return records;
    }

    private static ByteBuffer copy(ByteBuffer bytes) {
        return ByteBuffer.allocate(bytes.remaining()).put(bytes).flip();
    }

    @Test
    void shouldCountReadsWritesAndHitsOfEachRegionApart() {
        for (int i = 0; i < 5; i++) {
            heat.read(300, i < 2, 10);
        }
        for (int i = 0; i < 7; i++) {
            heat.written(300, 10);
        }
        heat.read(301, false, 10);

        assertThat(counts(heat, 300, 10)).containsExactly(5, 7, 2);
        assertThat(counts(heat, 303, 10)).containsExactly(0, 0, 0);
    }

    @Test
    void shouldBeHotFromTheSecondHit() {
        heat.read(5, true, 0);
        heat.read(5, false, 0);
        assertThat(heat.isHot(5)).isFalse();
        heat.read(5, true, 0);

        assertThat(heat.isHot(5)).isTrue();
        assertThat(heat.isHot(4)).isFalse();
        assertThat(heat.isHot(999)).as("never touched").isFalse();
    }

    @Test
    void shouldHalveEveryHour() {
        int start = Integer.MAX_VALUE - HOUR;
        for (int i = 0; i < 12; i++) {
            heat.read(8, true, start);
        }

        assertThat(counts(heat, 8, start + HOUR - 1)).containsExactly(12, 0, 12);
        assertThat(counts(heat, 8, start + HOUR)).containsExactly(6, 0, 6);
        assertThat(counts(heat, 8, start + 2 * HOUR + 5))
                .as("the clock has wrapped")
                .containsExactly(3, 0, 3);
        assertThat(counts(heat, 8, start + 3 * HOUR)).containsExactly(1, 0, 1);
        assertThat(heat.isHot(8)).isFalse();
    }

    @Test
    void shouldKeepWhatIsCountedAfterAWeekWithoutATouch() {
        heat.read(8, true, 0);
        int week = 7 * 24 * HOUR;
        for (int i = 0; i < 4; i++) {
            heat.read(8, true, week + i);
        }

        assertThat(counts(heat, 8, week + 4)).containsExactly(4, 0, 4);
    }

    @Test
    void shouldStopAtTheLargestCount() {
        for (int i = 0; i < 70_000; i++) {
            heat.read(8, true, 0);
            heat.written(8, 0);
        }
        assertThat(heat.isHot(8)).isTrue();

        assertThat(counts(heat, 8, 0)).containsExactly(65_535, 65_535, 65_535);
        assertThat(counts(heat, 8, HOUR)).containsExactly(32_767, 32_767, 32_767);
    }

    @Test
    void shouldBeAsBeforeWhenSavedAndLoaded() {
        for (int i = 0; i < 40_000; i++) {
            heat.read(999, true, 0);
        }
        heat.read(0, true, 0);
        heat.read(0, true, 0);
        heat.written(500, 0);
        RegionHeat loaded = new RegionHeat(BRICK, REGIONS);
        for (HeatRecord record : save(heat)) {
            assertThat(RegionHeat.brickOf(record.key)).isEqualTo(BRICK);
            loaded.load(record.key, record.value, 3 * HOUR);
        }

        assertThat(loaded.isHot(0)).isTrue();
        assertThat(counts(loaded, 999, 3 * HOUR)).containsExactly(40_000, 0, 40_000);
        assertThat(counts(loaded, 0, 3 * HOUR)).containsExactly(2, 0, 2);
        assertThat(counts(loaded, 500, 4 * HOUR - 1)).containsExactly(0, 1, 0);
        assertThat(counts(loaded, 0, 4 * HOUR)).containsExactly(1, 0, 1);
    }

    @Test
    void shouldPassOverRecordsThatDoNotFit() {
        heat.read(999, true, 0);
        heat.read(999, true, 0);
        HeatRecord record = save(heat).get(0);
        RegionHeat smaller = new RegionHeat(BRICK, 700);
        RegionHeat same = new RegionHeat(BRICK, REGIONS);
        ByteBuffer otherVersion = copy(record.value.duplicate()).put(0, (byte) 2);
        ByteBuffer shorter = copy(record.value.duplicate());
        shorter.limit(shorter.limit() - 1);

        smaller.load(record.key, record.value.duplicate(), 0);
        same.load(record.key, otherVersion, 0);
        same.load(record.key, shorter, 0);

        assertThat(save(smaller)).isEmpty();
        assertThat(same.isHot(999)).isFalse();
        assertThat(RegionHeat.brickOf(ByteBuffer.allocate(4))).isEqualTo(-1);
    }

    @Test
    void shouldSaveEveryChangedChunkOnceAndInTurnWhenThereAreMany() {
        RegionHeat large = new RegionHeat(BRICK, 600 * 256);
        for (int chunk = 0; chunk < 600; chunk++) {
            large.written(chunk * 256, 0);
        }
        Set<Integer> seen = new HashSet<>();
        for (int expected : new int[] {256, 256, 88, 0}) {
            List<HeatRecord> records = save(large);
            assertThat(records).hasSize(expected);
            records.forEach(record -> assertThat(seen.add(record.key.getInt(1))).isTrue());
        }

        assertThat(seen).hasSize(600);
    }
}
