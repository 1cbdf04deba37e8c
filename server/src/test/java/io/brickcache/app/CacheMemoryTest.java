package io.brickcache.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.Reason;
import io.brickcache.cache.Cache;
import io.brickcache.cache.CacheOptions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CacheMemoryTest {

    private static final long SLOTS = 100_000_000;
    private static final long INDEX_BYTES = 2_400_000_000L;

    private final CacheMemory memory = CacheMemory.of(SLOTS, CacheOptions.DEFAULTS);

    @Test
    void shouldCountIndexBuffersAndMetadata() {
        assertThat(memory.indexBytes()).isEqualTo(INDEX_BYTES);
        assertThat(memory.totalBytes())
                .isEqualTo(INDEX_BYTES + (128 << 20) + Cache.SCRATCH_BYTES + Cache.MERGING_BYTES + (64 << 20));
    }

    @Test
    void shouldRefuseWithNeedAndRemedyWhenTheIndexDoesNotFitTheHeap() {
        assertThatThrownBy(() -> memory.checkHeap("big", INDEX_BYTES + CacheMemory.HEAP_RESERVE_BYTES - 1))
                .isInstanceOfSatisfying(AdminException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.NO_SPACE);
                    assertThat(e.remedy()).contains("larger blocks").containsPattern("-Xmx2[0-9]{3}m");
                    assertThat(e.metadata()).containsEntry("needed_bytes", "2400000000");
                })
                .hasMessageContaining("cache big takes 2400000000 bytes of heap")
                .hasMessageContaining("has 2399999999 left");
        assertThatCode(() -> memory.checkHeap("big", INDEX_BYTES + CacheMemory.HEAP_RESERVE_BYTES))
                .doesNotThrowAnyException();
    }

    @Test
    void shouldRefuseWhenTheMachineHasTooLittle() {
        assertThatThrownBy(() -> memory.checkMachine("big", memory.totalBytes() - 1))
                .hasMessageContaining(memory.totalBytes() + " bytes of memory (2400000000 of them for its index)")
                .hasMessageContaining(memory.totalBytes() - 1 + " are available");
        assertThatCode(() -> memory.checkMachine("big", memory.totalBytes())).doesNotThrowAnyException();
    }

    @Test
    void shouldTakeTheKernelsFigure() {
        assertThat(CacheMemory.availableBytes(
                        List.of("MemTotal:       24684096 kB", "MemAvailable:   17831404 kB", "Buffers: 1 kB")))
                .isEqualTo(17_831_404L << 10);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "MemAvailable:", "MemAvailable: much", "MemAvailable: 99999999999999999999 kB"})
    void shouldTakeItForEnoughWhenTheKernelDoesNotSay(String line) {
        assertThat(CacheMemory.availableBytes(List.of(line))).isEqualTo(Long.MAX_VALUE);
    }
}
