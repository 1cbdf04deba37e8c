package io.brickcache.app;

import io.brickcache.admin.BrickView;
import io.brickcache.block.BlockDevice;
import io.brickcache.block.OpenedDevice;
import io.brickcache.block.SwitchableDevice;
import io.brickcache.cache.CachedBrick;
import io.brickcache.cache.index.BrickRecord;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A brick of a cache that is being opened: its disk, and what speaks against serving it. */
final class LoadedBrick {

    private final BrickRecord record;
    private final LedgerRecord ledger;
    private KnownBrick expected;
    private SwitchableDevice disk;
    private @Nullable BlockDevice real;
    private @Nullable CachedBrick cached;
    private BrickView.State state = BrickView.State.SERVING;
    private String reason = "";

    LoadedBrick(BrickRecord record, LedgerRecord ledger) {
        this.record = record;
        this.ledger = ledger;
        this.expected = KnownBrick.of(record);
        this.disk = new SwitchableDevice(new MissingDisk(record.device(), record.sizeBytes()));
    }

    BrickRecord record() {
        return record;
    }

    /** What the state directory said when the cache was loaded. */
    LedgerRecord ledger() {
        return ledger;
    }

    /** What the device should be. */
    KnownBrick expected() {
        return expected;
    }

    /** The state directory knows better than the cache what it is. */
    void expect(KnownBrick known) {
        expected = known;
    }

    /** What the engine sees as the disk. */
    SwitchableDevice disk() {
        return disk;
    }

    /** The opened disk; null if it is missing or fenced. */
    @Nullable
    BlockDevice real() {
        return real;
    }

    BrickView.State state() {
        return state;
    }

    String reason() {
        return reason;
    }

    boolean isServed() {
        return state == BrickView.State.SERVING;
    }

    /** True if the operator took another device while the cache was away: the cache has to learn of it anew. */
    boolean isReplaced() {
        return isServed()
                && (!OpenedDevice.isSame(expected.identity(), record.identity())
                        || expected.sizeBytes() < record.sizeBytes());
    }

    /** True if the brick was being grown, or its larger disk was kept, and the cache has not recorded that. */
    boolean isGrown() {
        return isServed() && !isReplaced() && expected.sizeBytes() > record.sizeBytes();
    }

    CachedBrick cached() {
        return Objects.requireNonNull(cached, "not loaded");
    }

    void loaded(CachedBrick brick) {
        cached = brick;
    }

    /** The disk is open; if it is another than the cache knows, the engine does not get to see it. */
    void take(BlockDevice opened) {
        real = opened;
        if (!isReplaced()) {
            disk = new SwitchableDevice(opened);
        }
    }

    void miss(String why) {
        state = BrickView.State.UNAVAILABLE;
        reason = why;
    }

    void fence(String why) {
        state = BrickView.State.FENCED;
        reason = why;
    }
}
