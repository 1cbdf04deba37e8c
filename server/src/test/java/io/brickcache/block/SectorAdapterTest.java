package io.brickcache.block;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.sim.Faults;
import io.brickcache.block.sim.Medium;
import io.brickcache.block.sim.SimDevice;
import io.brickcache.block.sim.SimDeviceOptions;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;

class SectorAdapterTest {

    private static final int SECTOR = 512;
    private static final int SECTORS = 64;

    private final BufferPool buffers = new BufferPool(1 << 20);
    private final List<IoStatus> answers = new ArrayList<>();

    private final class Request extends IoRequest {
        @Override
        public void completed(IoStatus status) {
            answers.add(status);
        }
    }

    private void write(BlockDevice device, int sector, int count) {
        IoBuffer buffer = Objects.requireNonNull(buffers.tryAllocate(16 << 10));
        int at = sector * SECTOR % 4096;
        for (int i = 0; i < count * SECTOR; i++) {
            buffer.bytes().put(at + i, content(sector + i / SECTOR));
        }
        Request request = new Request();
        request.prepare(IoOp.WRITE, (long) sector * SECTOR, count * SECTOR, 0, buffer, at);
        device.submit(request);
    }

    private static byte content(int sector) {
        return (byte) (sector + 1);
    }

    @RepeatedTest(20)
    void shouldKeepAllWhenNeighboursInOneSectorAreWrittenAtOnce(RepetitionInfo repetition) {
        SeededEntropy entropy = new SeededEntropy(repetition.getCurrentRepetition());
        SimLoop loop = new SimLoop(entropy);
        Medium medium = new Medium(SECTORS * SECTOR, 4096);
        BlockDevice device = SectorAdapter.of(new SimDevice(
                "disk",
                loop,
                medium,
                SimDeviceOptions.DEFAULT,
                (op, bytes) -> 1_000 + entropy.nextInt(10_000),
                Faults.NONE,
                entropy.split("disk")));
        int writes = 0;
        for (int sector = 0; sector < SECTORS; writes++) {
            int count = Math.min(SECTORS - sector, entropy.between(1, 12));
            write(device, sector, count);
            sector += count;
        }
        int expected = writes;
        assertThat(loop.runUntil(() -> answers.size() == expected)).isTrue();

        assertThat(answers).containsOnly(IoStatus.OK);
        IoBuffer all = Objects.requireNonNull(buffers.tryAllocate(SECTORS * SECTOR));
        Request read = new Request();
        read.prepare(IoOp.READ, 0, SECTORS * SECTOR, 0, all, 0);
        device.submit(read);
        assertThat(loop.runUntil(() -> answers.size() == expected + 1)).isTrue();
        for (int sector = 0; sector < SECTORS; sector++) {
            assertThat(all.bytes().get(sector * SECTOR + sector))
                    .as("sector %d", sector)
                    .isEqualTo(content(sector));
        }
    }
}
