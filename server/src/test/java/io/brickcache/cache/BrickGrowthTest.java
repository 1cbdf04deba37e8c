package io.brickcache.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.block.IoStatus;
import io.brickcache.block.sim.Medium;
import io.brickcache.block.sim.SimDevice;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.MetadataException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A brick whose last block is a part of one gets more of its disk. */
class BrickGrowthTest {

    private static final long BEFORE = 2 * CacheRig.BRICK_BYTES / 4 + 3 * 512;
    private static final long LAST = BEFORE / CacheRig.BLOCK;
    private static final long AFTER = CacheRig.BRICK_BYTES;

    private final CacheRig rig = new CacheRig(31);
    private final Medium medium = new Medium(AFTER, 512);
    private final SimDevice disk = rig.device("grown", medium);
    private CachedBrick brick;

    @BeforeEach
    void attach() {
        disk.limit(BEFORE);
        BrickRecord record = rig.record(0).withSize(BEFORE);
        List<CachedBrick> attached = new ArrayList<>();
        assertThat(rig.await(done -> attached.add(rig.cache.attach(record, disk, done))))
                .isEqualTo(IoStatus.OK);
        brick = attached.get(0);
    }

    private IoStatus grow(long bytes) {
        return rig.await(done -> rig.cache.grow(brick, bytes, done));
    }

    private BrickRecord recorded() throws MetadataException {
        return CacheMetadata.read(rig.store).bricks().get(0);
    }

    private static byte[] sectors(int... values) {
        byte[] all = new byte[CacheRig.BLOCK / 512];
        for (int i = 0; i < values.length; i++) {
            all[i] = (byte) values[i];
        }
        return all;
    }

    @Test
    void shouldServeWhatWasAddedWhenABrickHasGrown() throws MetadataException {
        assertThat(brick.presentBytes()).as("of the brick, not of its disk").isEqualTo(BEFORE);
        assertThat(disk.presentBytes()).isEqualTo(AFTER);

        assertThat(grow(AFTER)).isEqualTo(IoStatus.OK);

        assertThat(brick.geometry().sizeBytes()).isEqualTo(AFTER);
        assertThat(recorded()).isEqualTo(brick.record());
        assertThat(rig.writeDurably(brick, AFTER / CacheRig.BLOCK - 1, 1, 7)).isEqualTo(IoStatus.OK);
        assertThat(rig.read(rig.reloaded("b0"), AFTER / CacheRig.BLOCK - 1)).containsOnly(7);
        rig.cache.checkStructure(true);
    }

    @Test
    void shouldReadTheRestOfTheLastBlockFromTheDiskWhenItsFirstPartIsCached() {
        for (int sector = 0; sector < 3; sector++) {
            rig.writeSector(brick, LAST, sector, 11 + sector);
        }
        assertThat(CacheRig.isCached(brick, LAST - 1)).isFalse();

        assertThat(grow(AFTER)).isEqualTo(IoStatus.OK);

        assertThat(rig.read(brick, LAST)).isEqualTo(sectors(11, 12, 13));
        rig.writeSector(brick, LAST, 5, 15);
        assertThat(rig.read(brick, LAST)).isEqualTo(sectors(11, 12, 13, 0, 0, 15));
        assertThat(rig.flush(brick)).isEqualTo(IoStatus.OK);
        assertThat(rig.read(rig.reloaded("b0"), LAST)).isEqualTo(sectors(11, 12, 13, 0, 0, 15));
        rig.cache.checkStructure(true);
    }

    @Test
    void shouldHoldRequestsBackUntilThoseUnderWayAreDoneAndTheSizeIsDurable() {
        List<String> order = new ArrayList<>();
        rig.submitWrite(brick, 1, 5, status -> order.add("write " + status));
        rig.cache.grow(brick, AFTER, status -> order.add("growth " + status));
        rig.submitWrite(brick, AFTER / CacheRig.BLOCK - 1, 6, status -> order.add("beyond " + status));
        assertThat(order).isEmpty();

        assertThat(rig.loop.runUntil(() -> order.size() == 3)).isTrue();

        assertThat(order).containsExactly("write OK", "growth OK", "beyond OK");
    }

    @Test
    void shouldStayAsItIsWhenItsNewSizeCannotBeCommitted() throws MetadataException {
        rig.store.failNext(1, new MetadataException(MetadataException.Kind.IO, "planted failure of a commit"));

        assertThat(grow(AFTER)).isEqualTo(IoStatus.IO_ERROR);
        rig.loop.runFor(3 * CacheOptions.DEFAULTS.commitIntervalNs());

        assertThat(brick.geometry().sizeBytes()).isEqualTo(BEFORE);
        assertThat(recorded().sizeBytes()).isEqualTo(BEFORE);
        assertThat(rig.write(brick, 0, 1, 3)).isEqualTo(IoStatus.OK);
        assertThat(grow(AFTER)).isEqualTo(IoStatus.OK);
    }

    @Test
    void shouldStayAsItIsWhenItHasAllOfItsDisk() {
        assertThat(grow(BEFORE)).isEqualTo(IoStatus.OK);
        assertThat(brick.geometry().sizeBytes()).isEqualTo(BEFORE);
        assertThatThrownBy(() -> rig.cache.grow(brick, BEFORE - 512, status -> {}))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldHaveItsRecordedSizeWhenItsDiskIsLarger() {
        Cache reloaded = rig.load(record -> rig.device("larger", AFTER));

        assertThat(reloaded.bricks().get(0).geometry().sizeBytes()).isEqualTo(BEFORE);
    }

    @Test
    void shouldDemoteWhatWasDirtyBeforeAndAfterItGrew() {
        rig.write(brick, 0, 2, 1);
        rig.writeSector(brick, LAST, 0, 4);
        assertThat(grow(AFTER)).isEqualTo(IoStatus.OK);
        rig.write(brick, LAST + 1, 1, 9);
        rig.flush(brick);
        int[] regions = {0, 1};
        List<IoStatus> demoted = new ArrayList<>();

        rig.cache.demote(brick, regions, (blocks, skipped, status) -> demoted.add(status));

        assertThat(rig.loop.runUntil(() -> !demoted.isEmpty())).isTrue();
        assertThat(demoted).containsExactly(IoStatus.OK);
        assertThat(brick.dirtyBytes()).isZero();
        byte[] bytes = new byte[CacheRig.BLOCK];
        medium.read((LAST + 1) * CacheRig.BLOCK, bytes.length, java.nio.ByteBuffer.wrap(bytes), 0);
        byte[] nine = new byte[bytes.length];
        Arrays.fill(nine, (byte) 9);
        assertThat(bytes).isEqualTo(nine);
    }
}
