package io.brickcache.block.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SimDeviceTest {

    private static final int SECTOR = 512;
    private static final int SECTORS = 64;

    private final BufferPool pool = new BufferPool(1 << 20);
    private final List<IoBuffer> handedOut = new ArrayList<>();

    /** A request that remembers how it ended. */
    private static final class Asked extends IoRequest {
        private @Nullable IoStatus status;

        @Override
        public void completed(IoStatus how) {
            assertThat(status).as("answered once").isNull();
            status = how;
        }
    }

    /** One disk with one seed. */
    private final class Bench {
        final SeededEntropy entropy;
        final SimLoop loop;
        final Medium medium = new Medium(SECTORS * SECTOR, SECTOR);
        final SimDevice device;

        Bench(long seed, Faults faults, SimDeviceOptions options) {
            entropy = new SeededEntropy(seed);
            loop = new SimLoop(entropy);
            LatencyModel latency = LatencyModel.random(entropy.split("latency"), 1_000, 50_000);
            device = new SimDevice("disk", loop, medium, options, latency, faults, entropy);
        }

        Bench(long seed) {
            this(seed, Faults.NONE, SimDeviceOptions.DEFAULT);
        }

        Asked write(int first, int count, int version, int flags) {
            IoBuffer buffer = filled(first, count, version);
            Asked request = new Asked();
            request.prepare(IoOp.WRITE, (long) first * SECTOR, count * SECTOR, flags, buffer, 0);
            device.submit(request);
            return request;
        }

        Asked submit(IoOp op, int first, int count, int flags) {
            Asked request = new Asked();
            request.prepare(op, (long) first * SECTOR, (long) count * SECTOR, flags);
            device.submit(request);
            return request;
        }

        Asked flush() {
            Asked request = new Asked();
            request.prepareFlush();
            device.submit(request);
            return request;
        }

        IoStatus await(Asked request) {
            loop.runUntil(() -> request.status != null);
            IoStatus status = request.status;
            if (status == null) {
                throw new AssertionError(request + " is not answered");
            }
            return status;
        }

        void loseAll() {
            device.kill();
            loop.discardAll();
            medium.losePower(entropy);
        }

        /** The version that each sector holds now, -1 for a sector that is not whole. */
        List<Integer> versions() {
            List<Integer> versions = new ArrayList<>();
            ByteBuffer bytes = ByteBuffer.allocate(SECTORS * SECTOR);
            medium.read(0, bytes.capacity(), bytes, 0);
            for (int sector = 0; sector < SECTORS; sector++) {
                int version = bytes.get(sector * SECTOR);
                for (int i = 0; i < SECTOR; i++) {
                    int expected = version == 0 ? 0 : content(sector, i, version);
                    version = bytes.get(sector * SECTOR + i) == (byte) expected ? version : -1;
                }
                versions.add(version);
            }
            return versions;
        }
    }

    private static int content(int sector, int i, int version) {
        return i == 0 ? version : version * 7 + sector * 13 + i;
    }

    private IoBuffer filled(int first, int count, int version) {
        IoBuffer buffer = pool.tryAllocate(count * SECTOR);
        if (buffer == null) {
            throw new IllegalStateException("pool is empty");
        }
        handedOut.add(buffer);
        for (int i = 0; i < count * SECTOR; i++) {
            int sector = first + i / SECTOR;
            buffer.bytes().clear().put(i, (byte) content(sector, i % SECTOR, version));
        }
        return buffer;
    }

    @Test
    void shouldKeepEverythingWhenFlushedBeforePowerIsLost() {
        for (int seed = 0; seed < 200; seed++) {
            Bench bench = new Bench(seed);
            bench.await(bench.write(0, SECTORS, 1, 0));
            bench.await(bench.write(10, 20, 2, 0));
            bench.await(bench.flush());

            bench.loseAll();

            assertThat(bench.versions().subList(0, 10)).containsOnly(1);
            assertThat(bench.versions().subList(10, 30)).containsOnly(2);
            assertThat(bench.versions().subList(30, SECTORS)).containsOnly(1);
            releaseAll();
        }
    }

    @Test
    void shouldLoseAnySectorsWhenPowerIsLostBeforeAFlush() {
        Set<List<Integer>> outcomes = new HashSet<>();
        Set<Integer> values = new TreeSet<>();
        for (int seed = 0; seed < 200; seed++) {
            Bench bench = new Bench(seed);
            bench.await(bench.write(0, SECTORS, 1, 0));
            bench.await(bench.flush());
            bench.await(bench.write(0, SECTORS, 2, 0));
            bench.await(bench.write(0, SECTORS, 3, 0));

            bench.loseAll();

            outcomes.add(bench.versions());
            values.addAll(bench.versions());
            releaseAll();
        }

        assertThat(values).containsExactly(1, 2, 3);
        assertThat(outcomes).hasSizeGreaterThan(40).contains(all(1), all(2), all(3));
    }

    private static List<Integer> all(int version) {
        return Collections.nCopies(SECTORS, version);
    }

    @Test
    void shouldLoseAWriteWhenTheFlushWasSubmittedBeforeItsAnswer() {
        Set<Integer> values = new TreeSet<>();
        for (int seed = 0; seed < 200; seed++) {
            Bench bench = new Bench(seed);
            Asked write = bench.write(3, 1, 2, 0);
            if (write.status == null) {
                Asked flush = bench.flush();
                bench.await(write);
                boolean flushIsLast = flush.status == null;
                bench.await(flush);

                bench.loseAll();

                if (flushIsLast) {
                    values.add(bench.versions().get(3));
                }
            }
            releaseAll();
        }

        assertThat(values).containsExactly(0, 2);
    }

    @Test
    void shouldKeepAWriteWhenItWasAnsweredWithFua() {
        for (int seed = 0; seed < 100; seed++) {
            Bench bench = new Bench(seed);
            bench.await(bench.write(0, 8, 1, 0));
            bench.await(bench.write(4, 8, 2, IoRequest.FUA));

            bench.loseAll();

            assertThat(bench.versions().subList(4, 12)).containsOnly(2);
            assertThat(bench.versions().subList(0, 4)).isSubsetOf(0, 1);
            releaseAll();
        }
    }

    @Test
    void shouldDoAnySectorsWhenTheProcessDiesWithAWriteInFlight() {
        Set<List<Integer>> outcomes = new HashSet<>();
        for (int seed = 0; seed < 100; seed++) {
            Bench bench = new Bench(seed);
            bench.write(0, SECTORS, 1, 0);

            bench.device.kill();

            assertThat(bench.versions()).isSubsetOf(0, 1);
            outcomes.add(bench.versions());
            releaseAll();
        }

        assertThat(outcomes).hasSizeGreaterThan(10).contains(all(0), all(1));
    }

    @Test
    void shouldKeepWhatWasAnsweredWhenOnlyTheProcessDies() {
        Bench bench = new Bench(1);
        bench.await(bench.write(0, SECTORS, 1, 0));

        bench.device.kill();

        assertThat(bench.versions()).containsOnly(1);
    }

    @Test
    void shouldCompleteInAnyOrder() {
        Set<Boolean> firstWasFirst = new HashSet<>();
        for (int seed = 0; seed < 50; seed++) {
            Bench bench = new Bench(seed);
            Asked first = bench.write(0, 1, 1, 0);
            Asked second = bench.write(8, 1, 1, 0);
            bench.loop.runUntil(() -> first.status != null || second.status != null);
            firstWasFirst.add(first.status != null);
            releaseAll();
        }

        assertThat(firstWasFirst).containsExactlyInAnyOrder(true, false);
    }

    @Test
    void shouldTakeTheMemoryAtAnyMomentWhenACallerReusesItTooEarly() {
        Set<Integer> values = new TreeSet<>();
        for (int seed = 0; seed < 50; seed++) {
            Bench bench = new Bench(seed);
            Asked write = bench.write(0, 1, 1, 0);
            ByteBuffer memory = write.buffer().bytes().clear();
            for (int i = 0; i < SECTOR; i++) {
                memory.put(i, (byte) content(0, i, 9));
            }
            bench.await(write);
            values.add(bench.versions().get(0));
            releaseAll();
        }

        assertThat(values).containsExactly(1, 9);
    }

    @Test
    void shouldFailAndWriteAnySectorsWhenAWriteIsPartial() {
        Set<List<Integer>> outcomes = new HashSet<>();
        for (int seed = 0; seed < 50; seed++) {
            Bench bench = new Bench(seed, request -> Fault.PARTIAL_WRITE, SimDeviceOptions.DEFAULT);

            assertThat(bench.await(bench.write(0, SECTORS, 1, 0))).isEqualTo(IoStatus.IO_ERROR);

            outcomes.add(bench.versions());
            releaseAll();
        }

        assertThat(outcomes).hasSizeGreaterThan(10);
    }

    @Test
    void shouldDoNothingWhenARequestMeetsAnIoError() {
        Bench bench = new Bench(1, request -> Fault.IO_ERROR, SimDeviceOptions.DEFAULT);

        assertThat(bench.await(bench.write(0, SECTORS, 1, 0))).isEqualTo(IoStatus.IO_ERROR);
        assertThat(bench.await(bench.flush())).isEqualTo(IoStatus.IO_ERROR);
        assertThat(bench.versions()).containsOnly(0);
    }

    @Test
    void shouldTurnOneBitWhenAReadMeetsABitFlip() {
        Bench bench = new Bench(5, Faults.NONE, SimDeviceOptions.DEFAULT);
        bench.await(bench.write(0, 4, 1, 0));
        bench.device.setFaults(Faults.random(bench.entropy, Map.of(Fault.BIT_FLIP, 1.0)));
        Asked read = new Asked();
        IoBuffer buffer = filled(20, 4, 3);
        read.prepare(IoOp.READ, 0, 4 * SECTOR, 0, buffer, 0);

        bench.device.submit(read);
        assertThat(bench.await(read)).isEqualTo(IoStatus.OK);

        int turned = 0;
        for (int i = 0; i < 4 * SECTOR; i++) {
            int expected = content(i / SECTOR, i % SECTOR, 1) & 0xFF;
            turned += Integer.bitCount(buffer.bytes().get(i) & 0xFF ^ expected);
        }
        assertThat(turned).isEqualTo(1);
        assertThat(bench.versions().subList(0, 4)).containsOnly(1);
    }

    @Test
    void shouldReadZeroesOrTheOldContentAfterATrimAndOnlyZeroesAfterWriteZeroes() {
        Set<Integer> afterTrim = new TreeSet<>();
        for (int seed = 0; seed < 30; seed++) {
            Bench bench = new Bench(seed);
            bench.await(bench.write(0, SECTORS, 1, 0));
            bench.await(bench.submit(IoOp.TRIM, 0, 32, 0));
            bench.await(bench.submit(IoOp.WRITE_ZEROES, 32, 16, 0));

            afterTrim.addAll(bench.versions().subList(0, 32));
            assertThat(bench.versions().subList(32, 48)).containsOnly(0);
            assertThat(bench.versions().subList(48, SECTORS)).containsOnly(1);
            releaseAll();
        }

        assertThat(afterTrim).containsExactly(0, 1);
    }

    @Test
    void shouldThrowWhenARequestBreaksTheRules() {
        Bench bench = new Bench(1);
        IoBuffer buffer = filled(0, 8, 1);

        assertThatThrownBy(() -> bench.device.submit(asked(100, SECTOR, buffer, 0)))
                .hasMessageContaining("INVALID");
        assertThatThrownBy(() -> bench.device.submit(asked(0, 100, buffer, 0))).hasMessageContaining("INVALID");
        assertThatThrownBy(() -> bench.device.submit(asked(0, SECTOR, buffer, 4)))
                .hasMessageContaining("INVALID");
        assertThatThrownBy(() -> bench.device.submit(asked(0, SECTOR, buffer, 4096)))
                .hasMessageContaining("INVALID");
        assertThatThrownBy(() -> bench.device.submit(asked(SECTORS * SECTOR, SECTOR, buffer, 0)))
                .hasMessageContaining("BEYOND_END");
    }

    @Test
    void shouldThrowWhenARequestIsSubmittedTwice() {
        Bench bench = new Bench(1, Faults.NONE, SimDeviceOptions.DEFAULT);
        Asked flush = bench.flush();
        while (flush.status != null) {
            flush = bench.flush();
        }
        Asked again = flush;

        assertThatThrownBy(() -> bench.device.submit(again)).hasMessageContaining("second time");
    }

    @Test
    void shouldThrowWhenABufferIsReleasedInFlight() {
        Bench bench = new Bench(1);
        IoBuffer buffer = filled(0, 8, 1);
        Asked write = asked(0, 8 * SECTOR, buffer, 0);
        bench.device.submit(write);
        assertThat(write.status).isNull();

        buffer.release();

        assertThatThrownBy(bench.loop::runUntilIdle).hasMessageContaining("released");
    }

    private static Asked asked(long offset, int length, IoBuffer buffer, int bufferOffset) {
        Asked request = new Asked();
        request.prepare(IoOp.WRITE, offset, length, 0, buffer, bufferOffset);
        return request;
    }

    @Test
    void shouldAnswerAsARealDeviceWhenMisuseIsToBeAnswered() {
        SimDeviceOptions options = SimDeviceOptions.DEFAULT.withMisuse(Misuse.ANSWERS);
        Bench bench = new Bench(1, Faults.NONE, options);
        Bench sealed = new Bench(1, Faults.NONE, options.withReadOnly(true));

        assertThat(bench.await(bench.submit(IoOp.WRITE_ZEROES, SECTORS, 1, 0))).isEqualTo(IoStatus.BEYOND_END);
        assertThat(bench.await(bench.submit(IoOp.TRIM, 0, 0, 0))).isEqualTo(IoStatus.INVALID);
        assertThat(sealed.await(sealed.submit(IoOp.TRIM, 0, 1, 0))).isEqualTo(IoStatus.READ_ONLY);
        bench.device.close();
        assertThat(bench.await(bench.flush())).isEqualTo(IoStatus.SHUTDOWN);
    }

    private void releaseAll() {
        handedOut.forEach(IoBuffer::release);
        handedOut.clear();
    }

    @Test
    void shouldKeepOldSectorsWhenAWriteIsLost() {
        Set<Integer> kept = new TreeSet<>();
        for (long seed = 1; seed <= 50; seed++) {
            Bench bench = new Bench(seed, request -> Fault.LOST_WRITE, SimDeviceOptions.DEFAULT);

            assertThat(bench.await(bench.write(8, 4, 1, 0))).isEqualTo(IoStatus.OK);

            assertThat(bench.device.damagedBytes()).isEqualTo(4 * SECTOR);
            ByteBuffer zeroes = ByteBuffer.allocate(SECTOR);
            int old = 0;
            for (int sector = 8; sector < 12; sector++) {
                old += sector(bench.medium, sector).equals(zeroes) ? 1 : 0;
            }
            kept.add(old);
        }
        assertThat(kept).contains(0, 4).hasSizeGreaterThan(2);
    }

    @Test
    void shouldWriteElsewhereWhenAWriteIsMisdirected() {
        Set<Integer> places = new TreeSet<>();
        for (long seed = 1; seed <= 50; seed++) {
            Bench bench = new Bench(seed, request -> Fault.MISDIRECTED, SimDeviceOptions.DEFAULT);
            IoBuffer content = filled(8, 1, 7);
            ByteBuffer written = content.bytes().clear().slice(0, SECTOR);

            assertThat(bench.await(bench.write(8, 1, 7, 0))).isEqualTo(IoStatus.OK);

            for (int sector = 0; sector < SECTORS; sector++) {
                if (sector(bench.medium, sector).equals(written)) {
                    places.add(sector);
                }
            }
        }
        assertThat(places).hasSizeGreaterThan(10);
    }

    @Test
    void shouldDifferInOneBitWhenAWriteRots() {
        Bench bench = new Bench(3, request -> Fault.ROT, SimDeviceOptions.DEFAULT);
        ByteBuffer written = filled(8, 2, 7).bytes().clear();

        assertThat(bench.await(bench.write(8, 2, 7, 0))).isEqualTo(IoStatus.OK);

        int bits = 0;
        for (int i = 0; i < 2 * SECTOR; i++) {
            int stored = sector(bench.medium, 8 + i / SECTOR).get(i % SECTOR);
            bits += Integer.bitCount((stored ^ written.get(i)) & 0xFF);
        }
        assertThat(bits).isEqualTo(1);
    }

    @Test
    void shouldDoWhatItWasAskedWhenItHangsNoLonger() {
        Bench bench = new Bench(4);
        bench.device.setHanging(true);
        Asked write = bench.write(8, 1, 7, 0);
        Asked flush = bench.flush();
        bench.loop.runFor(3_600_000_000_000L);
        assertThat(write.status).isNull();
        assertThat(flush.status).isNull();
        assertThat(bench.device.inFlight()).isEqualTo(2);

        bench.device.setHanging(false);

        assertThat(bench.await(write)).isEqualTo(IoStatus.OK);
        assertThat(bench.await(flush)).isEqualTo(IoStatus.OK);
        assertThat(sector(bench.medium, 8))
                .isEqualTo(filled(8, 1, 7).bytes().clear().slice(0, SECTOR));
    }

    private static ByteBuffer sector(Medium medium, int sector) {
        ByteBuffer content = ByteBuffer.allocate(SECTOR);
        medium.read((long) sector * SECTOR, SECTOR, content, 0);
        return content;
    }
}
