package io.brickcache.cache.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.env.sim.SeededEntropy;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlotTableTest {

    private static final long LAST_BLOCK = SlotTable.MAX_BLOCKS - 1;

    private final SlotTable slots = new SlotTable(8, new BlockShape(4 << 10));

    @ParameterizedTest
    @ValueSource(ints = {4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10})
    void shouldKeepEveryFieldApartWhenAnyOtherChanges(int blockBytes) {
        BlockShape shape = new BlockShape(blockBytes);
        SlotTable table = new SlotTable(64, shape);
        SeededEntropy entropy = new SeededEntropy(blockBytes);
        for (int round = 0; round < 2_000; round++) {
            int slot = entropy.nextInt(64);
            int brick = entropy.pick(0, 1, 127, 128, 255);
            long block = entropy.pick(0L, 1L, 1L << 39, LAST_BLOCK, entropy.nextLong(SlotTable.MAX_BLOCKS));
            long mask = entropy.chance(0.3) ? shape.fullMask() : entropy.nextLong() & shape.fullMask() | 1;
            int checksum = (int) entropy.nextLong();
            int state = entropy.pick(SlotTable.CLEAN, SlotTable.DIRTY);
            int policy = entropy.nextInt(8);
            table.clear(slot);
            table.map(slot, brick, block, state, mask, checksum);
            table.setPolicyBits(slot, 7);
            mark(table, slot);
            expect(table, slot, brick, block, mask, checksum);
            assertThat(table.state(slot)).isEqualTo(state);
            assertThat(table.isUncommitted(slot)).isTrue();

            table.setPolicyBits(slot, policy);
            table.committed(slot);
            assertThat(table.isUncommitted(slot)).isFalse();
            assertThat(table.isDemoting(slot)).isEqualTo(state == SlotTable.DIRTY);
            assertThat(table.isVolatile(slot)).isEqualTo(state == SlotTable.CLEAN);
            if (state == SlotTable.DIRTY) {
                table.clean(slot);
            } else {
                table.settle(slot);
            }

            expect(table, slot, brick, block, mask, checksum);
            assertThat(table.state(slot)).isEqualTo(SlotTable.CLEAN);
            assertThat(table.isDemoting(slot)).isFalse();
            assertThat(table.isVolatile(slot)).isFalse();
            assertThat(table.policyBits(slot)).isEqualTo(policy);
        }
    }

    private static void mark(SlotTable table, int slot) {
        if (table.state(slot) == SlotTable.DIRTY) {
            table.setDemoting(slot, true);
        } else {
            table.setVolatile(slot);
        }
    }

    private static void expect(SlotTable table, int slot, int brick, long block, long mask, int checksum) {
        assertThat(table.brick(slot)).isEqualTo(brick);
        assertThat(table.block(slot)).isEqualTo(block);
        assertThat(table.key(slot)).isEqualTo(SlotTable.key(brick, block));
        assertThat(table.validMask(slot)).isEqualTo(mask);
        assertThat(table.checksum(slot)).isEqualTo(checksum);
        assertThat(table.isMapped(slot)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10})
    void shouldForgetThePartialMaskWhenTheSlotIsFreed(int blockBytes) {
        BlockShape shape = new BlockShape(blockBytes);
        SlotTable table = new SlotTable(8, shape);
        table.map(3, 1, 2, SlotTable.DIRTY, 1, 9);
        table.retire(3);
        assertThat(table.validMask(3)).as("a reader may still ask").isEqualTo(1);
        table.free(3);

        table.map(3, 1, 2, SlotTable.CLEAN, shape.fullMask(), 9);
        assertThat(table.validMask(3)).isEqualTo(shape.fullMask());
        table.clear(3);
        table.map(3, 1, 2, SlotTable.CLEAN, 2, 9);
        assertThat(table.validMask(3)).isEqualTo(2);
    }

    @Test
    void shouldGiveDifferentKeysToDifferentPlaces() {
        assertThat(List.of(
                        SlotTable.key(0, 0),
                        SlotTable.key(0, LAST_BLOCK),
                        SlotTable.key(1, 0),
                        SlotTable.key(255, 0),
                        SlotTable.key(255, LAST_BLOCK)))
                .doesNotHaveDuplicates();
    }

    @Test
    void shouldFollowASlotThroughItsLife() {
        slots.map(1, 255, LAST_BLOCK, SlotTable.DIRTY, 0x81, 5);
        slots.committed(1);
        slots.clean(1);
        slots.retire(1);
        assertThat(slots.state(1)).isEqualTo(SlotTable.RETIRED);
        assertThat(slots.isMapped(1)).isFalse();
        assertThat(slots.key(1)).as("known until it is free").isEqualTo(SlotTable.key(255, LAST_BLOCK));
        slots.free(1);

        assertThat(slots.state(1)).isEqualTo(SlotTable.FREE);
        assertThat(slots.key(1)).isZero();
        assertThat(slots.policyBits(1)).isZero();
    }

    @Test
    void shouldLoseTheMarkOfDemotionWhenRetired() {
        slots.map(1, 0, 1, SlotTable.DIRTY, 0xFF, 5);
        slots.setDemoting(1, true);
        slots.retire(1);

        assertThat(slots.isDemoting(1)).isFalse();
    }

    @Test
    void shouldRecordAnObsoleteSlotAsDirtyUntilItIsSettled() {
        bring(1, SlotTable.DIRTY);
        slots.obsolete(1);
        assertThat(slots.isMapped(1)).isFalse();
        assertThat(slots.isObsolete(1)).isTrue();
        assertThat(slots.isDemoting(1)).isFalse();
        assertThat(slots.recordedState(1)).isEqualTo(SlotTable.DIRTY);
        slots.settle(1);

        assertThat(slots.isObsolete(1)).isFalse();
        assertThat(slots.state(1)).isEqualTo(SlotTable.RETIRED);
        assertThat(slots.recordedState(1)).isEqualTo(SlotTable.FREE);
    }

    @Test
    void shouldRecordAVolatileSlotAsFreeUntilItIsSettled() {
        bring(1, SlotTable.CLEAN);
        slots.setVolatile(1);
        assertThat(slots.isMapped(1)).isTrue();
        assertThat(slots.recordedState(1)).isEqualTo(SlotTable.FREE);
        slots.settle(1);

        assertThat(slots.recordedState(1)).isEqualTo(SlotTable.CLEAN);
    }

    @Test
    void shouldHaveNoRecordWhileItIsUnrecorded() {
        bring(1, SlotTable.DIRTY);
        slots.setUnrecorded(1, true);
        assertThat(slots.isMapped(1)).isTrue();
        assertThat(slots.recordedState(1)).isEqualTo(SlotTable.FREE);
        slots.retire(1);
        slots.free(1);

        bring(1, SlotTable.DIRTY);
        assertThat(slots.recordedState(1)).as("of the next owner").isEqualTo(SlotTable.DIRTY);
    }

    @Test
    void shouldRecordAHeldSlotAsDirtyUntilItIsSettled() {
        bring(1, SlotTable.RETIRED);
        bring(2, SlotTable.CLEAN);
        slots.retire(2);
        assertThat(slots.wasDirty(1)).isTrue();
        assertThat(slots.wasDirty(2)).isFalse();
        refused(2, slots::hold);
        slots.hold(1);
        assertThat(slots.isObsolete(1)).isTrue();
        assertThat(slots.recordedState(1)).isEqualTo(SlotTable.DIRTY);

        slots.settle(1);
        assertThat(slots.recordedState(1)).isEqualTo(SlotTable.FREE);
    }

    @Test
    void shouldBeCommittedWhenRestoredFromARecord() {
        slots.restore(2, 3, 4, SlotTable.DIRTY, 0x0F, 6);

        assertThat(slots.isUncommitted(2)).isFalse();
        expect(slots, 2, 3, 4, 0x0F, 6);
    }

    @Test
    void shouldRefuseOtherTransitions() {
        Consumer<Integer> map = slot -> slots.map(slot, 0, 9, SlotTable.DIRTY, 1, 1);
        bring(1, SlotTable.CLEAN);
        bring(2, SlotTable.DIRTY);
        bring(3, SlotTable.RETIRED);
        refused(1, map);
        refused(2, map);
        refused(3, map);
        refused(0, slots::retire);
        refused(3, slots::retire);
        refused(0, slots::clean);
        refused(1, slots::clean);
        refused(3, slots::clean);
        refused(1, slots::obsolete);
        refused(3, slots::obsolete);
        refused(2, slots::setVolatile);
        refused(3, slots::setVolatile);
        refused(1, slot -> slots.setDemoting(slot, true));
        refused(0, slots::free);
        refused(1, slots::free);
        refused(2, slots::free);
    }

    private void bring(int slot, int state) {
        slots.map(slot, 0, slot, state == SlotTable.CLEAN ? SlotTable.CLEAN : SlotTable.DIRTY, 1, 1);
        if (state == SlotTable.RETIRED) {
            slots.retire(slot);
        }
    }

    private void refused(int slot, Consumer<Integer> transition) {
        int before = slots.state(slot);
        assertThatThrownBy(() -> transition.accept(slot))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("slot " + slot + " is ")
                .hasMessageContaining("in state " + before);
        assertThat(slots.state(slot)).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(ints = {4 << 10, 64 << 10})
    void shouldHoldOtherUnitsThatNothingMatchesWhenSpoiled(int blockBytes) {
        BlockShape shape = new BlockShape(blockBytes);
        SlotTable table = new SlotTable(8, shape);
        for (long mask : new long[] {1, shape.fullMask()}) {
            table.map(3, 7, LAST_BLOCK, SlotTable.DIRTY, 0b10, 0x1234);
            table.setPolicyBits(3, 5);

            table.spoil(3, mask);

            expect(table, 3, 7, LAST_BLOCK, mask, ~0x1234);
            assertThat(table.state(3)).isEqualTo(SlotTable.DIRTY);
            assertThat(table.isUncommitted(3)).isTrue();
            assertThat(table.policyBits(3)).isEqualTo(5);
            table.clear(3);
        }
    }
}
