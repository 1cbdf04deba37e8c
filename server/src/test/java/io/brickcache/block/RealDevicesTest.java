package io.brickcache.block;

import io.brickcache.block.IoOptions.Engine;
import io.brickcache.block.OpenOptions.Access;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;

/** The contract on both engines, on files and loop devices, past the page cache and through it. */
class RealDevicesTest {

    private static final long MIB = 1 << 20;

    /** What the device is made of. */
    private interface Place {
        Path make(TestStorage storage) throws IOException;
    }

    private static final Place FILE = storage -> storage.file("brick.img", 64 * MIB);
    private static final Place ODD_FILE = storage -> storage.file("brick.img", 64 * MIB + 3 * 512);
    private static final Place LARGE_SECTOR_FILE = storage -> storage.fileOfLargeAlignment(64 * MIB + 3 * 512);
    private static final Place LOOP_512 = storage -> storage.loopDevice(storage.file("l", 64 * MIB + 512 * 5), 512);
    private static final Place LOOP_4096 = storage -> storage.loopDevice(storage.file("l", 64 * MIB), 4096);

    private abstract static class RealContract extends BlockDeviceContract {
        private final Place place;
        private final IoOptions options;

        RealContract(Engine engine, Place place) {
            this(new IoOptions(engine, 4, true), place);
        }

        RealContract(IoOptions options, Place place) {
            this.options = options;
            this.place = place;
        }

        @Override
        protected DeviceRig openRig() throws IOException {
            TestStorage storage = new TestStorage();
            return RealRig.open(storage, options, place.make(storage), Access.READ_WRITE);
        }
    }

    private abstract static class AdaptedContract extends RealContract {
        AdaptedContract(Engine engine, Place place) {
            super(engine, place);
        }

        @Override
        protected DeviceRig openRig() throws IOException {
            return ((RealRig) super.openRig()).adapted();
        }
    }

    @Nested
    class RingOnFile extends RealContract {
        RingOnFile() {
            super(Engine.IO_URING, FILE);
        }
    }

    @Nested
    class RingOnOddFile extends RealContract {
        RingOnOddFile() {
            super(Engine.IO_URING, ODD_FILE);
        }
    }

    @Nested
    @Tag("root")
    class RingOnLargeSectorFile extends RealContract {
        RingOnLargeSectorFile() {
            super(Engine.IO_URING, LARGE_SECTOR_FILE);
        }
    }

    @Nested
    @Tag("root")
    class RingOnLoop512 extends RealContract {
        RingOnLoop512() {
            super(Engine.IO_URING, LOOP_512);
        }
    }

    @Nested
    @Tag("root")
    class RingOnLoop4096 extends RealContract {
        RingOnLoop4096() {
            super(Engine.IO_URING, LOOP_4096);
        }
    }

    @Nested
    class RingThroughPageCache extends RealContract {
        RingThroughPageCache() {
            super(new IoOptions(Engine.IO_URING, 4, false), ODD_FILE);
        }
    }

    @Nested
    class PooledOnFile extends RealContract {
        PooledOnFile() {
            super(Engine.POOLED, FILE);
        }
    }

    @Nested
    class PooledOnOddFile extends RealContract {
        PooledOnOddFile() {
            super(Engine.POOLED, ODD_FILE);
        }
    }

    @Nested
    @Tag("root")
    class PooledOnLargeSectorFile extends RealContract {
        PooledOnLargeSectorFile() {
            super(Engine.POOLED, LARGE_SECTOR_FILE);
        }
    }

    @Nested
    @Tag("root")
    class PooledOnLoop512 extends RealContract {
        PooledOnLoop512() {
            super(Engine.POOLED, LOOP_512);
        }
    }

    @Nested
    @Tag("root")
    class PooledOnLoop4096 extends RealContract {
        PooledOnLoop4096() {
            super(Engine.POOLED, LOOP_4096);
        }
    }

    @Nested
    class PooledThroughPageCache extends RealContract {
        PooledThroughPageCache() {
            super(new IoOptions(Engine.POOLED, 4, false), LOOP_4096);
        }
    }

    @Nested
    @Tag("root")
    class AdaptedRingOnLoop4096 extends AdaptedContract {
        AdaptedRingOnLoop4096() {
            super(Engine.IO_URING, LOOP_4096);
        }
    }

    @Nested
    @Tag("root")
    class AdaptedPooledOnLargeSectorFile extends AdaptedContract {
        AdaptedPooledOnLargeSectorFile() {
            super(Engine.POOLED, LARGE_SECTOR_FILE);
        }
    }
}
