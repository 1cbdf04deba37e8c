package io.brickcache.app;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.DeviceOpener;
import io.brickcache.block.OpenOptions;
import io.brickcache.block.OpenOptions.Access;
import io.brickcache.block.OpenedDevice;
import io.brickcache.block.SectorAdapter;
import io.brickcache.block.nativeio.DeviceException;
import io.brickcache.block.ring.IoEngine;
import io.brickcache.config.Config;
import io.brickcache.env.Clock;
import io.brickcache.env.Entropy;
import io.brickcache.meta.FileSpareJournal;
import io.brickcache.meta.MetaOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;

/** What every part of the node is made with. */
record NodeContext(Config config, IoEngine engine, Clock clock, Entropy entropy, BrickLedger ledger) {

    LoopHost startLoop(String cache) {
        return LoopHost.start(engine, cache, config.cache().bufferBytes(), clock, ledger);
    }

    MetaOptions metaOptions() {
        return MetaOptions.DEFAULT.withMemoryBytes(config.cache().metadataMemoryBytes());
    }

    /** Where the metadata of a cache goes when its SSD does not take it. */
    Path spareJournal(UUID cache) {
        return FileSpareJournal.path(config.stateDirectory(), cache);
    }

    /** Opens a device for us alone and for writing; the caller closes it or hands it to {@link #device}. */
    OpenedDevice open(Path path) throws DeviceException {
        OpenedDevice opened = DeviceOpener.open(path, OpenOptions.of(config.io(), Access.READ_WRITE));
        if (opened.geometry().readOnly()) {
            opened.close();
            throw new DeviceException(
                    path,
                    DeviceException.Reason.UNSUITABLE,
                    "is read-only",
                    "make it writable with: blockdev --setrw " + path);
        }
        return opened;
    }

    /** Makes a device of sectors of 512 bytes of what was opened, on a loop; owns it also if this fails. */
    BlockDevice device(OpenedDevice opened, LoopHost host) throws IOException {
        BlockDevice device = engine.open(opened, host.loop());
        // The adapter allocates only; it may be made on this thread before the loop knows it.
        return SectorAdapter.of(device);
    }
}
