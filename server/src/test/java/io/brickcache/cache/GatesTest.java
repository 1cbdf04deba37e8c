package io.brickcache.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.cache.Gates.Kind;
import io.brickcache.env.sim.SeededEntropy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GatesTest {

    private static final int BLOCKS = 6;

    private final Gates gates = new Gates();
    /** Those that have not left, in order of arrival. */
    private final List<Operation> all = new ArrayList<>();

    private final class Operation extends Gates.Holder {
        private final Kind kind;
        private final int first;
        private final int last;
        /** What a DISK changes, of 100 bytes a block. */
        private long from;

        private long to;
        private int entries;
        private boolean leavesAtOnce;
        private boolean letsPass;

        Operation(Kind kind, int first, int last) {
            this.kind = kind;
            this.first = first;
            this.last = last;
            this.from = first * 100L;
            this.to = last * 100L + 100;
        }

        Operation bytes(long newFrom, long newTo) {
            from = newFrom;
            to = newTo;
            return this;
        }

        Operation lettingPass() {
            letsPass = true;
            return this;
        }

        Operation arrive() {
            all.add(this);
            if (kind == Kind.DISK) {
                gates.enterDisk(this, first, last, from, to);
            } else {
                gates.enter(this, kind, first, last);
            }
            return this;
        }

        void leave() {
            all.remove(this);
            gates.leave(this);
        }

        /** A WRITE that is inside becomes a DISK of the same blocks: before all that came after it but demotions inside. */
        void turnIntoDisk() {
            Operation disk = new Operation(Kind.DISK, first, last);
            List<Operation> after = new ArrayList<>(all.subList(all.indexOf(this) + 1, all.size()));
            all.removeAll(after);
            all.remove(this);
            for (Operation other : List.copyOf(after)) {
                if (other.isInside() && disk.mustWaitFor(other)) {
                    all.add(other);
                    after.remove(other);
                }
            }
            all.add(disk);
            all.addAll(after);
            gates.turnIntoDisk(this, disk, disk.from, disk.to);
        }

        boolean isInside() {
            return entries > 0;
        }

        @Override
        void entered() {
            entries++;
            if (letsPass) {
                gates.letPass(this);
            }
            if (leavesAtOnce) {
                leave();
            }
        }

        boolean mustWaitFor(Operation other) {
            boolean together =
                    kind == Kind.WRITE && other.kind == Kind.DEMOTE || kind == Kind.DEMOTE && other.kind == Kind.WRITE;
            boolean passes = other.letsPass
                    && other.isInside()
                    && kind == Kind.DISK
                    && other.kind == Kind.DISK
                    && (to <= other.from || other.to <= from);
            return !together && !passes && first <= other.last && other.first <= last;
        }

        @Override
        public String toString() {
            return kind + "[" + first + "," + last + "]" + (isInside() ? " inside" : " waiting");
        }
    }

    /** Inside is exactly who has no conflicting operation before it, inside or waiting: first come, first served. */
    private void expectOrder() {
        for (int i = 0; i < all.size(); i++) {
            Operation operation = all.get(i);
            boolean free = all.subList(0, i).stream().noneMatch(operation::mustWaitFor);
            assertThat(operation.entries).as("%s among %s", operation, all).isEqualTo(free ? 1 : 0);
        }
        assertThat(gates.isEmpty()).isEqualTo(all.isEmpty());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5})
    void shouldLetInExactlyThoseThatConflictWithNobodyBeforeThem(int seed) {
        SeededEntropy entropy = new SeededEntropy(seed);
        for (int round = 0; round < 5_000; round++) {
            if (all.size() < 12 && entropy.chance(0.55)) {
                int first = entropy.nextInt(BLOCKS);
                Operation arriving =
                        new Operation(entropy.pick(Kind.values()), first, entropy.between(first, BLOCKS - 1));
                if (arriving.kind == Kind.DISK) {
                    arriving.bytes(arriving.from + entropy.between(0, 50), arriving.to - entropy.between(0, 49));
                    arriving.letsPass = entropy.chance(0.5);
                }
                arriving.leavesAtOnce = entropy.chance(0.2);
                arriving.arrive();
            } else {
                List<Operation> inside =
                        all.stream().filter(Operation::isInside).toList();
                if (!inside.isEmpty()) {
                    Operation chosen = inside.get(entropy.nextInt(inside.size()));
                    if (chosen.kind == Kind.WRITE && entropy.chance(0.3)) {
                        chosen.turnIntoDisk();
                    } else {
                        chosen.leave();
                    }
                }
            }
            expectOrder();
            expectVisits(entropy.nextInt(BLOCKS));
        }
        while (!all.isEmpty()) {
            all.get(0).leave();
            expectOrder();
        }
    }

    private void expectVisits(int block) {
        List<String> visited = new ArrayList<>();
        gates.visitWriters(block, block, (first, last) -> visited.add(first + "-" + last));

        assertThat(visited)
                .containsExactlyElementsOf(all.stream()
                        .filter(o -> o.isInside() && o.kind != Kind.DEMOTE && o.first <= block && block <= o.last)
                        .map(o -> o.first + "-" + o.last)
                        .toList());
    }

    @Test
    void shouldKeepALaterOneWaitingWhenOnlyAWaitingOneIsInItsWay() {
        Operation inside = new Operation(Kind.WRITE, 0, 1).arrive();
        Operation waiting = new Operation(Kind.DISK, 1, 3).arrive();
        Operation behind = new Operation(Kind.WRITE, 3, 3).arrive();
        assertThat(waiting.isInside() || behind.isInside()).isFalse();

        inside.leave();
        assertThat(waiting.isInside()).isTrue();
        assertThat(behind.isInside()).isFalse();
        waiting.leave();
        assertThat(behind.isInside()).isTrue();
    }

    @Test
    void shouldKeepItsPlaceWhenAWriteTurnsIntoAChangeOfTheDisk() {
        Operation write = new Operation(Kind.WRITE, 0, 1).arrive();
        Operation demotion = new Operation(Kind.DEMOTE, 1, 2).arrive();
        Operation newer = new Operation(Kind.WRITE, 0, 0).arrive();
        assertThat(demotion.isInside()).isTrue();
        assertThat(newer.isInside()).isFalse();

        write.turnIntoDisk();
        Operation disk = all.get(1);
        assertThat(disk.isInside()).as("while a demotion is").isFalse();
        assertThat(newer.isInside()).isFalse();
        demotion.leave();
        assertThat(disk.isInside()).isTrue();
        assertThat(newer.isInside()).isFalse();
        disk.leave();
        assertThat(newer.isInside()).isTrue();
        newer.leave();
    }

    @Test
    void shouldLetThoseWhoWaitPassInOrderWhenTheyChangeOtherBytes() {
        Operation writing = new Operation(Kind.WRITE, 0, 0).arrive();
        List<Operation> sequence = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            sequence.add(new Operation(Kind.DISK, 0, 0)
                    .bytes(10L * i, 10L * i + 10)
                    .lettingPass()
                    .arrive());
        }
        Operation same =
                new Operation(Kind.DISK, 0, 0).bytes(25, 26).lettingPass().arrive();
        Operation write = new Operation(Kind.WRITE, 0, 0).arrive();
        Operation behind =
                new Operation(Kind.DISK, 0, 0).bytes(50, 60).lettingPass().arrive();

        writing.leave();
        assertThat(sequence).allMatch(Operation::isInside);
        assertThat(same.isInside()).as("the same byte").isFalse();
        assertThat(write.isInside() || behind.isInside())
                .as("a write may bring a slot")
                .isFalse();

        sequence.get(2).leave();
        assertThat(same.isInside()).isTrue();
        List.of(sequence.get(0), sequence.get(1), sequence.get(3), same).forEach(Operation::leave);
        assertThat(write.isInside()).isTrue();
        assertThat(behind.isInside()).isFalse();
        write.leave();
        behind.leave();
        assertThat(gates.isEmpty()).isTrue();
    }

    @Test
    void shouldUseNoStackWhenALongQueueLeavesAtOnce() {
        Operation first = new Operation(Kind.DISK, 0, 5).arrive();
        List<Operation> queue = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            Operation operation = new Operation(Kind.DISK, i % BLOCKS, BLOCKS - 1);
            operation.leavesAtOnce = true;
            queue.add(operation);
            operation.arrive();
        }

        first.leave();
        assertThat(queue).allMatch(operation -> operation.entries == 1);
        assertThat(gates.isEmpty()).isTrue();
    }

    @Test
    void shouldLetAnOperationEnterAgainWhenItHasLeft() {
        Operation operation = new Operation(Kind.WRITE, 2, 2).arrive();
        operation.leave();
        operation.arrive();

        assertThat(operation.entries).isEqualTo(2);
        operation.leave();
        assertThat(gates.isEmpty()).isTrue();
    }

    @Test
    void shouldRefuseToLetOneLeaveThatWaitsOrHasLeft() {
        Operation inside = new Operation(Kind.WRITE, 2, 2).arrive();
        Operation waiting = new Operation(Kind.WRITE, 2, 2).arrive();

        assertThatThrownBy(() -> gates.leave(waiting)).isInstanceOf(IllegalStateException.class);
        inside.leave();
        assertThatThrownBy(() -> gates.leave(inside)).isInstanceOf(IllegalStateException.class);
        waiting.leave();
    }

    /** A write-around of bytes of a block of 100. */
    private final class Around extends Gates.Holder {
        private boolean inside;

        private boolean tries(long from, long to) {
            boolean admitted = gates.admitsAround(from / 100, (to - 1) / 100, from, to);
            if (admitted) {
                gates.enterAround(this, from / 100, (to - 1) / 100, from, to);
            }
            return admitted;
        }

        @Override
        void entered() {
            inside = true;
        }
    }

    @Test
    void shouldLetWritesAroundOfOtherBytesOfABlockPassEachOther() {
        Around first = new Around();
        Around second = new Around();
        assertThat(first.tries(0, 150)).isTrue();
        assertThat(new Around().tries(149, 200)).as("the same byte").isFalse();
        assertThat(second.tries(150, 300)).isTrue();
        assertThat(second.inside).isTrue();

        Around waiting = new Around();
        gates.enterDisk(waiting, 2, 2, 200, 210);
        assertThat(waiting.inside).as("it may find a slot").isFalse();
        Around third = new Around();
        assertThat(third.tries(300, 310)).as("another block").isTrue();

        Operation write = new Operation(Kind.WRITE, 1, 1).arrive();
        assertThat(new Around().tries(100, 110)).as("somebody waits there").isFalse();
        gates.leave(first);
        assertThat(write.isInside()).as("the second is in block 1").isFalse();
        gates.leave(second);
        assertThat(write.isInside()).isTrue();
        assertThat(waiting.inside).isTrue();
        write.leave();
        gates.leave(third);
        Around fourth = new Around();
        assertThat(fourth.tries(210, 220)).as("neighbour of one that waited").isTrue();
        gates.leave(waiting);
        gates.leave(fourth);
        assertThat(gates.isEmpty()).isTrue();
    }
}
