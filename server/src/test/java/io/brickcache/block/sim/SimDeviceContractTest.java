package io.brickcache.block.sim;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.BlockDeviceContract;
import io.brickcache.block.BufferPool;
import io.brickcache.block.DeviceRig;
import io.brickcache.block.IoStatus;
import io.brickcache.block.TestRequest;
import io.brickcache.env.sim.SeededEntropy;
import io.brickcache.env.sim.SimLoop;
import org.junit.jupiter.api.Nested;

/** The simulated disk keeps the contract of the real ones. */
class SimDeviceContractTest {

    @Nested
    class WithSectorsOf512 extends BlockDeviceContract {
        @Override
        protected DeviceRig openRig() {
            return new SimRig(512);
        }
    }

    @Nested
    class WithSectorsOf4096 extends BlockDeviceContract {
        @Override
        protected DeviceRig openRig() {
            return new SimRig(4096);
        }
    }

    /** A disk of 40 MiB and some sectors in virtual time. */
    private static final class SimRig implements DeviceRig {

        private final SimLoop loop = new SimLoop(new SeededEntropy(1));
        private final BufferPool pool = new BufferPool(128 << 20);
        private final SimDevice device;

        SimRig(int sectorBytes) {
            SeededEntropy entropy = new SeededEntropy(2);
            device = new SimDevice(
                    "disk",
                    loop,
                    new Medium((40 << 20) + 3L * sectorBytes, sectorBytes),
                    SimDeviceOptions.DEFAULT.withMisuse(Misuse.ANSWERS),
                    LatencyModel.random(entropy, 1_000, 100_000),
                    Faults.NONE,
                    entropy);
        }

        @Override
        public BlockDevice device() {
            return device;
        }

        @Override
        public BufferPool pool() {
            return pool;
        }

        @Override
        public void onLoop(Runnable action) {
            action.run();
        }

        @Override
        public IoStatus await(TestRequest request) {
            loop.runUntil(() -> request.done().isDone());
            IoStatus status = request.done().getNow(null);
            if (status == null) {
                throw new AssertionError(request + " is never answered");
            }
            return status;
        }

        @Override
        public void close() {
            device.close();
        }
    }
}
