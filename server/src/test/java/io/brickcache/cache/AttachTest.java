package io.brickcache.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.block.IoStatus;
import io.brickcache.cache.index.BrickRecord;
import io.brickcache.cache.index.MetadataException;
import org.junit.jupiter.api.Test;

/** Bricks come and go, and a commit that fails leaves neither half a brick nor half a farewell. */
class AttachTest {

    private final CacheRig rig = new CacheRig(29);
    private final Cache cache = rig.cache;
    private final BrickRecord record = rig.record(0);

    private void failNextCommit() {
        rig.store.failNext(1, new MetadataException(MetadataException.Kind.IO, "planted failure of a commit"));
    }

    private IoStatus attach() {
        return rig.await(done -> cache.attach(record, rig.device("disk", CacheRig.BRICK_BYTES), done));
    }

    private IoStatus detach() {
        return rig.await(done -> cache.detach(cache.bricks().get(0), done));
    }

    private void commitWhatIsOpen() throws MetadataException {
        rig.loop.runFor(3 * CacheOptions.DEFAULTS.commitIntervalNs());
        cache.checkStructure(true);
    }

    @Test
    void shouldKnowTheBrickAfterARestartWhenAttached() throws MetadataException {
        assertThat(attach()).isEqualTo(IoStatus.OK);

        assertThat(CacheMetadata.read(rig.store).bricks()).containsExactly(record);
    }

    @Test
    void shouldForgetTheBrickWhenDetached() throws MetadataException {
        attach();

        assertThat(detach()).isEqualTo(IoStatus.OK);

        assertThat(cache.bricks()).isEmpty();
        assertThat(CacheMetadata.read(rig.store).bricks()).isEmpty();
        cache.checkStructure(true);
    }

    @Test
    void shouldKeepTheBrickWhenItsDetachCannotBeCommitted() throws MetadataException {
        attach();
        failNextCommit();

        assertThat(detach()).isEqualTo(IoStatus.IO_ERROR);
        commitWhatIsOpen();

        assertThat(cache.bricks()).hasSize(1);
        assertThat(CacheMetadata.read(rig.store).bricks()).containsExactly(record);
    }

    @Test
    void shouldNotKnowTheBrickWhenItsAttachCannotBeCommitted() throws MetadataException {
        failNextCommit();

        assertThat(attach()).isEqualTo(IoStatus.IO_ERROR);
        commitWhatIsOpen();

        assertThat(cache.bricks()).isEmpty();
        assertThat(CacheMetadata.read(rig.store).bricks()).isEmpty();
        assertThat(attach()).isEqualTo(IoStatus.OK);
    }
}
