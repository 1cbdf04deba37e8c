package io.brickcache.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.BlockShape;
import java.nio.ByteBuffer;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SignaturesTest {

    @ParameterizedTest
    @CsvSource({
        "0, 58465342, an XFS file system",
        "1080, 53ef, an ext file system",
        "65600, 5f42485266535f4d, a btrfs file system",
        "0, 4c554b53babe, a LUKS volume",
        "512, 4c4142454c4f4e45, an LVM physical volume",
        "4096, fc4e2ba9, a member of an md array",
        "4086, 5357415053504143 4532, swap space",
        "512, 4546492050415254, a partition table",
        "510, 55aa, a partition table or a boot sector",
    })
    void shouldRecogniseWhatADeviceHolds(int offset, String hex, String name) {
        ByteBuffer bytes = ByteBuffer.allocate(Signatures.BYTES);
        bytes.put(offset, java.util.HexFormat.of().parseHex(hex.replace(" ", "")));

        assertThat(Signatures.recognise(bytes)).isEqualTo(name);
    }

    @Test
    void shouldRecogniseADataAreaOfOurs() {
        ByteBuffer bytes = ByteBuffer.allocate(Signatures.BYTES);
        new SsdLayout(UUID.randomUUID(), new BlockShape(4096), 1000).encode(bytes);

        assertThat(Signatures.recognise(bytes.clear())).isEqualTo(Signatures.OWN);
    }

    @Test
    void shouldRecogniseNothingWhenTheDeviceHoldsNothingKnown() {
        ByteBuffer bytes = ByteBuffer.allocate(Signatures.BYTES);
        for (int i = 0; i < bytes.limit(); i++) {
            bytes.put(i, (byte) (i % 251));
        }

        assertThat(Signatures.recognise(bytes)).isNull();
    }
}
