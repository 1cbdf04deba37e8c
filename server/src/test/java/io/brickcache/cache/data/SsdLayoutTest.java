package io.brickcache.cache.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataException.Kind;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class SsdLayoutTest {

    private static final UUID CACHE = new UUID(0x0123456789ABCDEFL, 0xFEDCBA9876543210L);
    private static final UUID OTHER = new UUID(1, 2);
    private static final String PATH = "/data";

    private final SsdLayout layout = new SsdLayout(CACHE, new BlockShape(16 << 10), 1000);

    @Test
    void shouldAcceptWhatItEncodedAtAnyPosition() {
        ByteBuffer out = ByteBuffer.allocate(3 * SsdLayout.SUPERBLOCK_BYTES).position(512);
        layout.encode(out);

        assertThat(out.position()).isEqualTo(512 + SsdLayout.SUPERBLOCK_BYTES);
        assertThatCode(() -> layout.check(out.position(512), PATH)).doesNotThrowAnyException();
    }

    @Test
    void shouldLayTheBytesOutAsDocumented() {
        ByteBuffer out = encoded(layout);
        CRC32C crc = new CRC32C();
        crc.update(out.slice(0, 40));

        byte[] magic = new byte[8];
        out.get(0, magic);
        assertThat(magic).asString().isEqualTo("BRICKSSD");
        assertThat(out.getInt(8)).isEqualTo(1);
        assertThat(out.getInt(12)).isEqualTo(16 << 10);
        assertThat(new UUID(out.getLong(16), out.getLong(24))).isEqualTo(CACHE);
        assertThat(out.getLong(32)).isEqualTo(1000);
        assertThat(out.getInt(40)).isEqualTo((int) crc.getValue());
    }

    @Test
    void shouldOverwriteTheWholeSuperblockWhenTheBufferWasUsed() {
        ByteBuffer out = ByteBuffer.allocate(SsdLayout.SUPERBLOCK_BYTES);
        while (out.hasRemaining()) {
            out.put((byte) 0x5A);
        }
        layout.encode(out.clear());

        for (int i = 44; i < SsdLayout.SUPERBLOCK_BYTES; i++) {
            assertThat(out.get(i)).as("byte %d", i).isZero();
        }
    }

    @Test
    void shouldRefuseEverySingleDamagedBit() {
        for (int bit = 0; bit < 44 * 8; bit++) {
            ByteBuffer bytes = encoded(layout);
            bytes.put(bit / 8, (byte) (bytes.get(bit / 8) ^ 1 << bit % 8));
            Kind expected = bit < 12 * 8 ? Kind.MISMATCH : Kind.CORRUPT;

            MetadataException refusal = catchThrowableOfType(MetadataException.class, () -> layout.check(bytes, PATH));

            assertThat(refusal).as("bit %d", bit).isNotNull();
            assertThat(refusal.kind()).as("bit %d", bit).isEqualTo(expected);
        }
    }

    @Test
    void shouldSayThatThereIsNoDataAreaWhenTheMagicIsAnother() {
        ByteBuffer bytes = ByteBuffer.wrap(new byte[SsdLayout.SUPERBLOCK_BYTES]);

        assertThatThrownBy(() -> layout.check(bytes, PATH))
                .isInstanceOf(MetadataException.class)
                .hasMessageContaining("/data holds no brickcache data area");
    }

    @Test
    void shouldNameBothVersionsWhenTheFormatIsAnother() {
        ByteBuffer bytes = encoded(layout).putInt(8, 7);

        assertThatThrownBy(() -> layout.check(bytes, PATH))
                .isInstanceOf(MetadataException.class)
                .hasMessageContaining("data format 7")
                .hasMessageContaining("knows 1");
    }

    @Test
    void shouldSayThatTheSuperblockIsDamagedWhenTheChecksumIsWrong() {
        ByteBuffer bytes = encoded(layout).putInt(40, 7);

        assertThatThrownBy(() -> layout.check(bytes, PATH))
                .isInstanceOf(MetadataException.class)
                .hasMessageContaining("/data has a damaged superblock");
    }

    @Test
    void shouldNameBothCachesWhenTheAreaIsOfAnother() {
        expectMismatch(new SsdLayout(OTHER, layout.shape(), 1000), "cache " + OTHER, "expected " + CACHE);
    }

    @Test
    void shouldNameBothSizesWhenTheSlotsAreNotAsMany() {
        expectMismatch(new SsdLayout(CACHE, layout.shape(), 999), "(999 slots of 16384 bytes)", "(1000 of 16384)");
    }

    @Test
    void shouldNameBothSizesWhenTheBlocksAreNotAsLarge() {
        SsdLayout other = new SsdLayout(CACHE, new BlockShape(4 << 10), 1000);

        expectMismatch(other, "(1000 slots of 4096 bytes)", "(1000 of 16384)");
    }

    @Test
    void shouldPlaceSlotsBehindTheFirstMebibyteWithoutOverflow() {
        SsdLayout largest = new SsdLayout(CACHE, new BlockShape(64 << 10), SsdLayout.MAX_SLOTS);

        assertThat(largest.slotOffset(0)).isEqualTo(1 << 20);
        assertThat(largest.slotOffset(SsdLayout.MAX_SLOTS - 1)).isEqualTo((1L << 46) - (64 << 10) + (1 << 20));
        assertThat(largest.areaBytes()).isEqualTo((1L << 46) + (1 << 20));
    }

    @Test
    void shouldCountTheSlotsThatFitWholly() {
        BlockShape shape = layout.shape();

        assertThat(SsdLayout.slotsIn(0, shape)).isZero();
        assertThat(SsdLayout.slotsIn((1 << 20) + (16 << 10) - 1, shape)).isZero();
        assertThat(SsdLayout.slotsIn((1 << 20) + (16 << 10), shape)).isEqualTo(1);
        assertThat(SsdLayout.slotsIn(layout.areaBytes(), shape)).isEqualTo(1000);
    }

    private void expectMismatch(SsdLayout other, String... parts) {
        assertThatThrownBy(() -> layout.check(encoded(other), PATH))
                .isInstanceOfSatisfying(
                        MetadataException.class, e -> assertThat(e.kind()).isEqualTo(Kind.MISMATCH))
                .hasMessageContainingAll(parts);
    }

    private static ByteBuffer encoded(SsdLayout layout) {
        ByteBuffer out = ByteBuffer.allocate(SsdLayout.SUPERBLOCK_BYTES);
        layout.encode(out);
        return out.flip();
    }
}
