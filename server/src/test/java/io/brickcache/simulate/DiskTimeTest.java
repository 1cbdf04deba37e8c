package io.brickcache.simulate;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.simulate.SimulationOptions.Arrival;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is worst for a cache costs the disk no more time than without one. */
class DiskTimeTest {

    private static final int KIB = 1 << 10;
    /** Where partitions of old guests begin. */
    private static final int SECTOR_63 = 63 * 512;

    private final StringBuilder csv = new StringBuilder("time_us,op,offset,length\n");
    private final SeededEntropy entropy = new SeededEntropy(11);
    private int requests;

    /** One each millisecond. */
    private void ask(char op, long offset, int length) {
        csv.append(1000L * requests++ + "," + op + "," + offset + "," + length + "\n");
    }

    /** Disk time with a cache of so many blocks, as a multiple of that without. */
    private double diskTime(int slots, int blockBytes, Arrival arrival) throws TraceException {
        SimulationReport report = report(slots, blockBytes, arrival);
        RunResult cached = Objects.requireNonNull(report.cached());
        double disk = cached.foregroundDisk().busyMs() + cached.backgroundDisk().busyMs();
        return disk / report.none().totalMs();
    }

    private SimulationReport report(int slots, int blockBytes, Arrival arrival) throws TraceException {
        byte[] bytes = csv.toString().getBytes(StandardCharsets.US_ASCII);
        return Simulation.run(
                TraceReader.read("made-up.csv", new ByteArrayInputStream(bytes)),
                new SimulationOptions(
                        new CacheSize.Bytes((long) slots * blockBytes),
                        blockBytes,
                        Mode.WRITE_BACK,
                        DiskModel.SATA_5400,
                        arrival),
                (done, total) -> {});
    }

    @ParameterizedTest
    @CsvSource({"160,4096", "1600,4096", "400,16384", "100,65536"})
    void shouldCostNoMoreWhenALoopOfReadsIsNotAlignedToBlocks(int slots, int blockBytes) throws TraceException {
        for (int i = 0; i < 8000; i++) {
            ask('R', SECTOR_63 + i % 4000 * 16L * KIB, 16 * KIB);
        }
        assertThat(diskTime(slots, blockBytes, Arrival.TRACE)).isLessThan(1.02);
        assertThat(diskTime(slots, blockBytes, Arrival.CLOSED_LOOP)).isLessThan(1.02);
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 16, 64})
    void shouldCostNoMoreWhenReadsAreScattered(int blockKib) throws TraceException {
        for (int i = 0; i < 4000; i++) {
            ask('R', entropy.nextInt(1 << 20) * 4L * KIB, 4 * KIB);
        }
        assertThat(diskTime(200, blockKib * KIB, Arrival.TRACE)).isLessThan(1.002);
    }

    /** Eight reads of neighbouring pages at once: each would read the whole block. */
    @ParameterizedTest
    @ValueSource(ints = {16, 64})
    void shouldCostNoMoreWhenABlockIsReadInPiecesAtOnce(int blockKib) throws TraceException {
        for (int i = 0; i < 500; i++) {
            long burst = entropy.nextInt(1 << 16) * 64L * KIB;
            for (int k = 0; k < 8; k++) {
                ask('R', burst + k * 4L * KIB, 4 * KIB);
            }
        }
        assertThat(diskTime(400, blockKib * KIB, Arrival.TRACE)).isLessThan(1.04);
    }

    /** Neighbours share a block, and none can be cached: half of a unit at either end. */
    @Test
    void shouldKeepTheOrderOfASequenceThatGoesAroundUnaligned() throws TraceException {
        for (int i = 0; i < 2000; i++) {
            ask('W', SECTOR_63 + i * 64L * KIB, 64 * KIB);
        }
        assertThat(diskTime(200, 64 * KIB, Arrival.TRACE)).isLessThan(1.001);
    }

    @Test
    void shouldCacheAWriteThatIsNotOfWholeUnitsWhenTheRestIsThere() throws TraceException {
        ask('R', 0, 128 * KIB);
        requests += 3000;
        for (int i = 0; i < 10; i++) {
            ask('W', SECTOR_63 + i * 4L * KIB, 4 * KIB);
        }
        RunResult cached =
                Objects.requireNonNull(report(200, 64 * KIB, Arrival.TRACE).cached());
        assertThat(cached.aroundRequests()).isZero();
        assertThat(cached.demotion().blocks()).isEqualTo(2);
    }

    /** Its first writes around wait for commits, and the disk's head is not yet where they are going. */
    @ParameterizedTest
    @ValueSource(ints = {4, 16})
    void shouldGoOnAroundWithAStreamOfWrites(int blockKib) throws TraceException {
        for (int i = 0; i < 8000; i++) {
            ask('W', i * 64L * KIB, 64 * KIB);
        }
        assertThat(diskTime(5 * KIB / blockKib, blockKib * KIB, Arrival.TRACE)).isLessThan(1.03);
    }

    /** Each burst of writes is a demotion of its own, in the way of a burst of reads, and nothing is asked for again. */
    @ParameterizedTest
    @ValueSource(ints = {150, 400, 1000})
    void shouldSpareTheDiskWhenItServesBursts(int slots) throws TraceException {
        for (int i = 0; i < 2500; i++) {
            long burst = entropy.nextInt(1 << 16) * 64L * KIB;
            char op = entropy.pick('R', 'W');
            for (int k = 0; k < 8; k++) {
                ask(op, burst + k * 4L * KIB, 4 * KIB);
            }
        }
        assertThat(diskTime(slots, 4 * KIB, Arrival.TRACE)).isLessThan(1.07);
        assertThat(diskTime(slots, 4 * KIB, Arrival.CLOSED_LOOP)).isLessThan(1.05);
    }

    /** Requests take more slots than are free; around them there is demotion, which was 20 times as much. */
    @ParameterizedTest
    @ValueSource(ints = {400, 1000, 2000})
    void shouldSpareTheDiskWhenAStreamOfWritesIsNotAlignedToBlocks(int slots) throws TraceException {
        for (int i = 0; i < 8000; i++) {
            ask('W', SECTOR_63 + i * 64L * KIB, 64 * KIB);
        }
        assertThat(diskTime(slots, 4 * KIB, Arrival.TRACE)).isLessThan(1.5);
        assertThat(diskTime(slots, 4 * KIB, Arrival.CLOSED_LOOP)).isLessThan(1.05);
    }

    /** They wait for the clean slot of their block to be forgotten, and took turns with those of the next block then. */
    @Test
    void shouldKeepTheOrderOfSmallWritesThatGoAroundALargeBlock() throws TraceException {
        for (int i = 0; i < 20_000; i++) {
            ask('W', i * 4L * KIB, 4 * KIB);
        }
        assertThat(diskTime(125, 64 * KIB, Arrival.TRACE)).isLessThan(1.4);
    }

    /** What is dirty of the loop was written to the SSD in each round, and the disk positioned around it. */
    @ParameterizedTest
    @ValueSource(ints = {4, 16})
    void shouldNotLeaveHolesInALoopOfWritesThatGoesAround(int blockKib) throws TraceException {
        for (int i = 0; i < 8000; i++) {
            ask('W', i % 400 * 64L * KIB, 64 * KIB);
        }
        assertThat(diskTime(8000 / blockKib, blockKib * KIB, Arrival.TRACE)).isLessThan(1.3);
    }
}
