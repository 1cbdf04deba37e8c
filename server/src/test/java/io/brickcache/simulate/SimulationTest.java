package io.brickcache.simulate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.simulate.SimulationOptions.Arrival;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Totals are worked out by hand in milliseconds: the disk positions in 15 and moves 4 KiB in 0.04096, the SSD answers in 0.1
 * and moves 4 KiB in 0.008192.
 */
class SimulationTest {

    private static final int MIB = 1 << 20;
    private static final double DISK_4K = 0.04096;
    private static final double SSD_4K = 0.1 + 0.008192;
    private static final Offset<Double> EXACTLY = within(1e-9);

    /** A write of a MiB, a hit, a miss far away, one 64 KiB behind that, and a hit of what was missed. */
    private static final String FIVE = """
            time_us,op,offset,length
            0,W,0,1048576
            500000,R,4096,4096
            1000000,R,104857600,4096
            1500000,R,104927232,4096
            2000000,R,104857600,4096
            """;

    @Test
    void shouldCostWhatTheDiskCostsWhenThereIsNoCache() throws TraceException {
        RunResult none = run(FIVE, 2048, Arrival.TRACE).none();
        double write = 15 + 256 * DISK_4K;
        double gap = 17 * DISK_4K;
        assertThat(none.foregroundMs()).isEqualTo(write + 3 * (15 + DISK_4K) + gap, EXACTLY);
        assertThat(none.totalMs()).isEqualTo(none.foregroundMs());
        assertThat(none.foregroundDisk().positionings()).isEqualTo(4);
        assertThat(none.writes()).isEqualTo(new RunResult.Times(1, write, write, write));
        assertThat(none.reads().meanServiceMs()).isEqualTo((3 * (15 + DISK_4K) + gap) / 4, EXACTLY);
        assertThat(none.hits().blocks().percent()).isZero();
    }

    @Test
    void shouldCostTheLongerOfDiskAndSsdAndTheFlushAtTheEnd() throws TraceException {
        RunResult cached = cached(FIVE, 2048);
        double write = 0.1 + 256 * 0.008192;
        assertThat(cached.writes().meanServiceMs()).isEqualTo(write, EXACTLY);
        assertThat(cached.reads().meanServiceMs()).isEqualTo((2 * SSD_4K + 15 + DISK_4K + 17 * DISK_4K) / 4, EXACTLY);
        assertThat(cached.foregroundMs()).isEqualTo(write + 2 * SSD_4K + 15 + DISK_4K + 17 * DISK_4K, EXACTLY);
        assertThat(cached.backgroundDisk().busyMs()).isEqualTo(15 + 256 * DISK_4K, EXACTLY);
        assertThat(cached.backgroundDisk().positionings()).isEqualTo(1);
        assertThat(cached.totalMs()).isEqualTo(cached.foregroundMs() + 15 + 256 * DISK_4K, EXACTLY);
    }

    @Test
    void shouldCountWhatTheCacheHad() throws TraceException {
        RunResult cached = cached(FIVE, 2048);
        assertThat(cached.hits())
                .isEqualTo(new RunResult.Hits(
                        new RunResult.Share(2, 260),
                        new RunResult.Share(2, 4),
                        new RunResult.Share(2, 5),
                        new RunResult.Share(2, 4)));
        assertThat(cached.demotion()).isEqualTo(new RunResult.Demotion(256, 1, 256, 2, 0));
        assertThat(cached.positioningsPerDemotedBlock()).isEqualTo(1.0 / 256, EXACTLY);
        assertThat(cached.ssd().writtenBytes()).isEqualTo(MIB + 2 * 4096);
        assertThat(cached.ssd().readBytes()).isEqualTo(2 * 4096 + MIB);
        assertThat(cached.ssd().metadataBytes()).isPositive();
    }

    @Test
    void shouldHitWhatIsWrittenAgain() throws TraceException {
        RunResult cached = cached("time_us,op,offset,length\n0,W,0,8192\n9000,W,4096,8192\n20000,W,4096,4096\n", 2048);
        assertThat(cached.hits().blocks()).isEqualTo(new RunResult.Share(2, 5));
        assertThat(cached.hits().requests()).isEqualTo(new RunResult.Share(1, 3));
        assertThat(cached.demotion().blocks()).isEqualTo(3);
    }

    @Test
    void shouldCostTheDiskInTheForegroundWhenAWriteGoesAround() throws TraceException {
        RunResult cached = cached("time_us,op,offset,length\n0,W,0,1048576\n9,R,0,4096\n", 64);
        assertThat(cached.aroundRequests()).isEqualTo(1);
        assertThat(cached.aroundBytes()).containsEntry("full", (long) MIB).containsEntry("unaligned", 0L);
        assertThat(cached.writes().meanServiceMs()).isEqualTo(15 + 256 * DISK_4K, EXACTLY);
        assertThat(cached.demotion().blocks()).isZero();
    }

    @Test
    void shouldWaitForTheHeadWhenRequestsComeAtOnce() throws TraceException {
        String burst = "time_us,op,offset,length\n0,R,0,4096\n0,R,1048576,4096\n0,R,0,4096\n";
        RunResult.Times reads = run(burst, 64, Arrival.TRACE).none().reads();
        double one = 15 + DISK_4K;
        assertThat(reads.meanServiceMs()).isEqualTo(one, EXACTLY);
        assertThat(reads.meanMs()).isEqualTo(2 * one, EXACTLY);
        assertThat(reads.p99Ms()).isEqualTo(3 * one, EXACTLY);
    }

    @Test
    void shouldNotWaitForOthersWhenTheLoopIsClosed() throws TraceException {
        String burst = "time_us,op,offset,length\n0,R,0,4096\n0,R,1048576,4096\n0,R,0,4096\n";
        SimulationReport report = run(burst, 64, Arrival.CLOSED_LOOP);
        assertThat(report.closedLoop()).isTrue();
        assertThat(report.none().reads().p99Ms()).isEqualTo(15 + DISK_4K, EXACTLY);
    }

    @Test
    void shouldTakeNoMoreThanAClientHasUnderWayAndLoseNoneWhenAllComeAtOnce() throws TraceException {
        StringBuilder csv = new StringBuilder("time_us,op,offset,length\n");
        for (int i = 0; i < 10 * Replay.MAX_UNDER_WAY; i++) {
            csv.append("0,W,").append((long) i * 16 * MIB).append(",8388608\n");
        }
        RunResult none = run(csv.toString(), 4096, Arrival.TRACE).none();
        assertThat(none.writes().requests()).isEqualTo(10 * Replay.MAX_UNDER_WAY);
        assertThat(none.writes().meanServiceMs()).isEqualTo(15 + 2048 * DISK_4K, EXACTLY);
    }

    @Test
    void shouldAnswerFlushesAndCountNone() throws TraceException {
        RunResult cached = cached("time_us,op,offset,length\n0,W,0,4096\n10,F,0,0\n20,F,0,0\n5000000,R,0,4096\n", 64);
        assertThat(cached.requests()).isEqualTo(2);
        assertThat(cached.foregroundMs()).isEqualTo(2 * SSD_4K, EXACTLY);
    }

    @Test
    void shouldOnlyRunTheDiskWhenNoCacheIsWanted() throws TraceException {
        SimulationReport report = Simulation.run(
                read(FIVE),
                new SimulationOptions(new CacheSize.Percent(10), 4096, Mode.NONE, DiskModel.SATA_5400, Arrival.TRACE),
                (done, total) -> {});
        assertThat(report.cached()).isNull();
        assertThat(report.none().requests()).isEqualTo(5);
    }

    @ParameterizedTest
    @ValueSource(ints = {4096, 65536})
    void shouldComeToTheSameTwice(int blockBytes) throws TraceException {
        String csv = randomTrace();
        SimulationOptions options = new SimulationOptions(
                new CacheSize.Percent(10), blockBytes, Mode.WRITE_BACK, DiskModel.SATA_7200, Arrival.TRACE);
        SimulationReport first = Simulation.run(read(csv), options, (done, total) -> {});
        SimulationReport second = Simulation.run(read(csv), options, (done, total) -> {});
        assertThat(second).isEqualTo(first);
        RunResult cached = Objects.requireNonNull(first.cached());
        assertThat(cached.requests()).isEqualTo(3000);
        assertThat(cached.demotion().evictedBlocks()).isPositive();
        assertThat(cached.demotion().blocks()).isPositive();
    }

    @Test
    void shouldTakeItsShareOfTheBlocksThatTheTraceTouches() throws TraceException {
        Trace trace = read(FIVE);
        assertThat(new CacheSize.Percent(50).slots(trace, 4096)).isEqualTo(129);
        assertThat(new CacheSize.Bytes(2 * MIB).slots(trace, 4096)).isEqualTo(512);
    }

    @Test
    void shouldRefuseACacheThatIsTooSmall() {
        assertThatThrownBy(() -> cached(FIVE, 63))
                .isInstanceOf(TraceException.class)
                .hasMessageContaining("a cache of 63 blocks cannot be simulated for a.csv, which touches 258");
    }

    /** Three thousand requests of any alignment, half of them writes, over 256 MiB, 20 ms apart. */
    private static String randomTrace() {
        SeededEntropy entropy = new SeededEntropy(5);
        StringBuilder csv = new StringBuilder("time_us,op,offset,length\n");
        for (int i = 0; i < 3000; i++) {
            csv.append(i * 20_000L)
                    .append(entropy.chance(0.5) ? ",W," : ",R,")
                    .append(512L * entropy.nextInt(500_000))
                    .append(',')
                    .append(512 * entropy.between(1, 256))
                    .append('\n');
        }
        return csv.toString();
    }

    private static RunResult cached(String csv, int slots) throws TraceException {
        return Objects.requireNonNull(run(csv, slots, Arrival.TRACE).cached());
    }

    private static SimulationReport run(String csv, int slots, Arrival arrival) throws TraceException {
        return Simulation.run(
                read(csv),
                new SimulationOptions(
                        new CacheSize.Bytes(slots * 4096L), 4096, Mode.WRITE_BACK, DiskModel.SATA_5400, arrival),
                (done, total) -> {});
    }

    private static Trace read(String csv) throws TraceException {
        return TraceReader.read("a.csv", new ByteArrayInputStream(csv.getBytes(StandardCharsets.US_ASCII)));
    }
}
