package io.brickcache.cache.data;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.BufferPool;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.Pattern;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.env.sim.SeededEntropy;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChecksumsTest {

    private static final int BUFFER_BYTES = 256 << 10;

    private final byte[] content = Pattern.of(3, 0, BUFFER_BYTES);
    private final IoBuffer buffer = Objects.requireNonNull(new BufferPool(BUFFER_BYTES).tryAllocate(BUFFER_BYTES));

    ChecksumsTest() {
        buffer.bytes().put(content);
    }

    @ParameterizedTest
    @ValueSource(ints = {4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10})
    void shouldCoverJustTheUnitsOfTheMaskInOrder(int blockBytes) {
        BlockShape shape = new BlockShape(blockBytes);
        Checksums checksums = new Checksums(shape);
        SeededEntropy entropy = new SeededEntropy(blockBytes);
        long top = Long.highestOneBit(shape.fullMask());
        expect(checksums, shape, 0, shape.fullMask());
        expect(checksums, shape, blockBytes, 1);
        expect(checksums, shape, blockBytes, top);
        expect(checksums, shape, blockBytes, top | 1);
        expect(checksums, shape, 3 * blockBytes, shape.fullMask() & ~1L);
        expect(checksums, shape, 3 * blockBytes, shape.fullMask() & ~top);
        for (int i = 0; i < 100; i++) {
            int at = entropy.nextInt(BUFFER_BYTES / blockBytes) * blockBytes;
            expect(checksums, shape, at, entropy.nextLong() & shape.fullMask());
            expect(checksums, shape, at, -1L << entropy.nextInt(shape.unitsPerBlock()) & shape.fullMask());
        }
    }

    @Test
    void shouldIgnoreWhatTheMaskLeavesOut() {
        BlockShape shape = new BlockShape(64 << 10);
        Checksums checksums = new Checksums(shape);
        long lastUnit = 1L << 63;
        int before = checksums.of(buffer, 0, lastUnit);

        buffer.bytes().put(62 * 1024, (byte) ~content[62 * 1024]);
        assertThat(checksums.of(buffer, 0, lastUnit)).isEqualTo(before);

        buffer.bytes().put(63 * 1024, (byte) ~content[63 * 1024]);
        assertThat(checksums.of(buffer, 0, lastUnit)).isNotEqualTo(before);
    }

    private void expect(Checksums checksums, BlockShape shape, int at, long mask) {
        CRC32C crc = new CRC32C();
        for (int unit = 0; unit < shape.unitsPerBlock(); unit++) {
            if ((mask >>> unit & 1) != 0) {
                crc.update(content, at + unit * shape.unitBytes(), shape.unitBytes());
            }
        }
        assertThat(checksums.of(buffer, at, mask)).as("mask %x at %d", mask, at).isEqualTo((int) crc.getValue());
    }
}
