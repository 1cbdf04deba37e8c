package io.brickcache.block;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Random requests in flight together, in rounds, against a byte array. The requests of one round touch no common
 * {@value #GRAIN} bytes, so that the outcome is certain; half of the tested bytes lie at the start, half at the end.
 */
final class RandomRequests {

    /** A large sector: no two writes may meet in one, see {@link SectorAdapter}. */
    private static final int GRAIN = 4096;

    private static final int HALF = 2 << 20;
    private static final int LONGEST = 96 << 10;

    private final DeviceRig rig;
    private final BlockDevice device;
    private final Random random;
    private final long seed;
    private final int sector;
    /** Start of the second half on the device, at a multiple of the grain. */
    private final long secondStart;

    private final byte[] model;
    private int turn;

    private record Flight(
            TestRequest request,
            int modelAt,
            int length,
            @Nullable IoBuffer buffer) {}

    RandomRequests(DeviceRig rig, long seed) {
        this.rig = rig;
        this.device = rig.device();
        this.random = new Random(seed);
        this.seed = seed;
        this.sector = device.geometry().sectorBytes();
        long size = device.geometry().sizeBytes();
        this.secondStart = (size - HALF) / GRAIN * GRAIN;
        this.model = new byte[(int) (HALF + size - secondStart)];
    }

    /** Writes everything once. */
    void fill() {
        List<Flight> flights = new ArrayList<>();
        rig.onLoop(() -> {
            flights.add(start(IoOp.WRITE, 0, HALF));
            flights.add(start(IoOp.WRITE, HALF, model.length - HALF));
        });
        flights.forEach(this::finish);
    }

    /** At most that many requests, submitted at once. */
    void round(int requests) {
        boolean[] taken = new boolean[model.length / GRAIN + 1];
        List<Flight> flights = new ArrayList<>();
        rig.onLoop(() -> {
            for (int i = 0; i < requests; i++) {
                int at = random.nextInt(model.length / sector) * sector;
                int half = at < HALF ? HALF : model.length;
                int length = Math.min((1 + random.nextInt(LONGEST / sector)) * sector, half - at);
                if (length > 0 && claim(taken, at, length)) {
                    flights.add(start(randomOp(), at, length));
                }
            }
        });
        flights.forEach(this::finish);
    }

    /** Reads everything. */
    void checkAll() {
        List<Flight> flights = new ArrayList<>();
        rig.onLoop(() -> {
            flights.add(start(IoOp.READ, 0, HALF));
            flights.add(start(IoOp.READ, HALF, model.length - HALF));
        });
        flights.forEach(this::finish);
    }

    private IoOp randomOp() {
        int dice = random.nextInt(10);
        return dice < 4 ? IoOp.READ : dice < 8 ? IoOp.WRITE : dice < 9 ? IoOp.WRITE_ZEROES : IoOp.FLUSH;
    }

    private static boolean claim(boolean[] taken, int at, int length) {
        int first = at / GRAIN;
        int last = (at + length - 1) / GRAIN;
        for (int i = first; i <= last; i++) {
            if (taken[i]) {
                return false;
            }
        }
        Arrays.fill(taken, first, last + 1, true);
        return true;
    }

    private Flight start(IoOp op, int at, int length) {
        long offset = at < HALF ? at : secondStart + at - HALF;
        TestRequest request = new TestRequest();
        @Nullable IoBuffer buffer = null;
        switch (op) {
            case FLUSH -> request.prepareFlush();
            case WRITE_ZEROES -> {
                request.prepare(op, offset, (long) length, random.nextBoolean() ? IoRequest.NO_HOLE : 0);
                Arrays.fill(model, at, at + length, (byte) 0);
            }
            default -> {
                int bufferOffset = random.nextInt(8) * sector;
                IoBuffer memory = rig.allocate(bufferOffset + length);
                buffer = memory;
                if (op == IoOp.WRITE) {
                    byte[] data = Pattern.of(++turn, offset, length);
                    System.arraycopy(data, 0, model, at, length);
                    memory.bytes(bufferOffset, length).put(data);
                }
                int flags = op == IoOp.WRITE && random.nextInt(16) == 0 ? IoRequest.FUA : 0;
                request.prepare(op, offset, length, flags, memory, bufferOffset);
            }
        }
        device.submit(request);
        return new Flight(request, at, length, buffer);
    }

    private void finish(Flight flight) {
        TestRequest request = flight.request();
        assertThat(rig.await(request)).as("%s, seed %d", request, seed).isEqualTo(IoStatus.OK);
        IoBuffer buffer = flight.buffer();
        if (buffer == null) {
            return;
        }
        rig.onLoop(() -> {
            if (request.op() == IoOp.READ) {
                byte[] found = new byte[flight.length()];
                buffer.bytes(request.bufferOffset(), found.length).get(found);
                int at = Arrays.mismatch(
                        found, Arrays.copyOfRange(model, flight.modelAt(), flight.modelAt() + flight.length()));
                assertThat(at)
                        .as("first wrong byte of %s, seed %d", request, seed)
                        .isEqualTo(-1);
            }
            buffer.release();
        });
    }
}
