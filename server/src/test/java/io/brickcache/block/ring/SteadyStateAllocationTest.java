package io.brickcache.block.ring;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoBuffer;
import io.brickcache.block.IoOp;
import io.brickcache.block.IoOptions;
import io.brickcache.block.IoOptions.Engine;
import io.brickcache.block.IoRequest;
import io.brickcache.block.IoStatus;
import io.brickcache.block.OpenOptions.Access;
import io.brickcache.block.RealRig;
import io.brickcache.block.TestStorage;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Counts what the loop's thread allocates per request when nothing but requests goes on. */
@Timeout(120)
@Tag("alone")
class SteadyStateAllocationTest {

    private static final int DEPTH = 32;
    private static final int REQUESTS = 100_000;
    private static final int MAX_ROUNDS = 10;
    /** Netty's io_uring entry takes 72 bytes where the JIT compiler does not remove it, as it mostly does. */
    private static final double LIMIT = 100;

    private static final int BLOCK = 4096;
    private static final long BLOCKS = 4096;

    /** Submits itself again until its share is done. */
    private static final class Repeated extends IoRequest {
        private final BlockDevice device;
        private final IoBuffer buffer;
        private final IoOp op;
        private final CountDownLatch finished;
        private int left = REQUESTS / DEPTH;
        private long block;
        private int failures;

        Repeated(BlockDevice device, IoBuffer buffer, IoOp op, int number, CountDownLatch finished) {
            this.device = device;
            this.buffer = buffer;
            this.op = op;
            this.block = number;
            this.finished = finished;
        }

        void submitNext() {
            block = (block + DEPTH * 7) % BLOCKS;
            prepare(op, block * BLOCK, BLOCK, 0, buffer, 0);
            device.submit(this);
        }

        @Override
        public void completed(IoStatus status) {
            failures += status.isOk() ? 0 : 1;
            if (--left > 0) {
                submitNext();
            } else {
                assertThat(failures).isZero();
                buffer.release();
                finished.countDown();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"IO_URING,READ", "IO_URING,WRITE", "POOLED,READ"})
    void shouldAllocateNextToNothingWhenRequestsRepeat(Engine engine, IoOp op)
            throws IOException, InterruptedException {
        TestStorage storage = new TestStorage();
        IoOptions options = new IoOptions(engine, 4, true);
        try (RealRig rig = RealRig.open(storage, options, storage.file("f", BLOCKS * BLOCK), Access.READ_WRITE)) {
            run(rig, IoOp.WRITE);
            double leastPerRequest = Double.MAX_VALUE;
            // The compiler takes its time where cores are scarce.
            for (int round = 0; round < MAX_ROUNDS && leastPerRequest >= LIMIT; round++) {
                long before = allocatedOnLoop(rig);
                run(rig, op);
                leastPerRequest = Math.min(leastPerRequest, (double) (allocatedOnLoop(rig) - before) / REQUESTS);
            }
            assertThat(leastPerRequest).as("bytes per request").isLessThan(LIMIT);
        }
    }

    private static void run(RealRig rig, IoOp op) throws InterruptedException {
        CountDownLatch finished = new CountDownLatch(DEPTH);
        rig.onLoop(() -> {
            for (int i = 0; i < DEPTH; i++) {
                new Repeated(rig.device(), rig.allocate(BLOCK), op, i, finished).submitNext();
            }
        });
        assertThat(finished.await(60, TimeUnit.SECONDS)).isTrue();
    }

    private static long allocatedOnLoop(RealRig rig) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        AtomicLong bytes = new AtomicLong();
        rig.onLoop(() ->
                bytes.set(threads.getThreadAllocatedBytes(Thread.currentThread().getId())));
        return bytes.get();
    }
}
