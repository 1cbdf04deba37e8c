package io.brickcache.app;

import io.brickcache.block.OpenedDevice;
import io.brickcache.cache.index.BrickRecord;
import java.nio.file.Path;
import java.util.UUID;

/**
 * A brick as the state directory knows it: a copy of what the metadata of its cache says, for the time when that cannot be
 * read.
 *
 * @param device path as the operator gave it
 * @param identity what the device was when it was attached, or has grown
 */
record KnownBrick(String name, UUID uuid, Path device, String identity, long sizeBytes) {

    /** The same brick, of another size. */
    KnownBrick withSize(long bytes) {
        return new KnownBrick(name, uuid, device, OpenedDevice.withSize(identity, bytes), bytes);
    }

    static KnownBrick of(BrickRecord record) {
        return new KnownBrick(
                record.name(), record.uuid(), Path.of(record.device()), record.identity(), record.sizeBytes());
    }
}
