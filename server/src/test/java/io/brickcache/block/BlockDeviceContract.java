package io.brickcache.block;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every {@link BlockDevice} does, whatever it is made of. */
@Timeout(120)
public abstract class BlockDeviceContract {

    private static final int MIB = 1 << 20;

    private DeviceRig rig;
    private BlockDevice device;
    private int sector;
    private long size;

    /** Opens the device under test; called before each test. */
    protected abstract DeviceRig openRig() throws Exception;

    @BeforeEach
    void open() throws Exception {
        rig = openRig();
        device = rig.device();
        sector = device.geometry().sectorBytes();
        size = device.geometry().sizeBytes();
    }

    @AfterEach
    void closeAndFindLeaks() {
        try {
            rig.onLoop(
                    () -> assertThat(rig.pool().usedBytes()).as("leaked memory").isZero());
        } finally {
            rig.close();
        }
    }

    @Test
    void shouldReadBackWhenWritten() {
        write(1, 16L * sector, 4 * sector, 0);
        write(2, 18L * sector, sector, 0);

        assertThat(read(16L * sector, 2 * sector)).isEqualTo(Pattern.of(1, 16L * sector, 2 * sector));
        assertThat(read(18L * sector, sector)).isEqualTo(Pattern.of(2, 18L * sector, sector));
        assertThat(read(19L * sector, sector)).isEqualTo(Pattern.of(1, 19L * sector, sector));
    }

    @Test
    void shouldReachLastByteOfDevice() {
        long lastSector = (size - 1) / sector * sector;
        int last = (int) (size - lastSector);
        write(1, lastSector - 4L * sector, 4 * sector + last, 0);
        assertThat(read(lastSector - 4L * sector, 4 * sector + last))
                .isEqualTo(Pattern.of(1, lastSector - 4L * sector, 4 * sector + last));

        write(2, lastSector, last, IoRequest.FUA);
        assertThat(read(lastSector, last)).isEqualTo(Pattern.of(2, lastSector, last));
        assertThat(read(lastSector - sector, sector)).isEqualTo(Pattern.of(1, lastSector - sector, sector));
    }

    @Test
    void shouldMoveWholeRequestWhenItIsOf32MiB() {
        long offset = 3L * sector;
        write(7, offset, 32 * MIB, 0);
        assertThat(Arrays.equals(read(offset, 32 * MIB), Pattern.of(7, offset, 32 * MIB)))
                .isTrue();
    }

    @Test
    void shouldRefuseWhenMisaligned() {
        int less = sector / 2;
        assertThat(transfer(IoOp.READ, less, sector, 0, 2 * sector)).isEqualTo(IoStatus.INVALID);
        assertThat(transfer(IoOp.READ, 0, less, 0, sector)).isEqualTo(IoStatus.INVALID);
        assertThat(transfer(IoOp.READ, 0, sector, less, 2 * sector)).isEqualTo(IoStatus.INVALID);
        assertThat(transfer(IoOp.WRITE, sector + less, sector, 0, 2 * sector)).isEqualTo(IoStatus.INVALID);
        assertThat(transfer(IoOp.WRITE, 0, sector + 1, 0, 2 * sector)).isEqualTo(IoStatus.INVALID);
        assertThat(transfer(IoOp.WRITE, 0, sector, 8, 2 * sector)).isEqualTo(IoStatus.INVALID);
        assertThat(ranged(IoOp.TRIM, less, sector, 0)).isEqualTo(IoStatus.INVALID);
        assertThat(ranged(IoOp.WRITE_ZEROES, 0, less, 0)).isEqualTo(IoStatus.INVALID);
    }

    @Test
    void shouldRefuseWhenOutOfRange() {
        long end = size - size % sector;
        assertThat(transfer(IoOp.READ, end + sector, sector, 0, sector)).isEqualTo(IoStatus.INVALID);
        assertThat(transfer(IoOp.READ, end - sector, 3 * sector, 0, 4 * sector)).isEqualTo(IoStatus.INVALID);
        assertThat(transfer(IoOp.READ, -sector, sector, 0, sector)).isEqualTo(IoStatus.INVALID);
        assertThat(transfer(IoOp.READ, 0, 0, 0, sector)).isEqualTo(IoStatus.INVALID);
        assertThat(transfer(IoOp.WRITE, end - sector, 3 * sector, 0, 4 * sector))
                .isEqualTo(IoStatus.BEYOND_END);
        assertThat(transfer(IoOp.WRITE, -1L & -(long) sector, sector, 0, sector))
                .isEqualTo(IoStatus.INVALID);
        assertThat(ranged(IoOp.TRIM, end, 4L * sector, 0)).isEqualTo(IoStatus.BEYOND_END);
        assertThat(ranged(IoOp.WRITE_ZEROES, Long.MAX_VALUE - sector + 1, sector, 0))
                .isEqualTo(IoStatus.BEYOND_END);
        assertThat(ranged(IoOp.EXTENTS, size, sector, 0)).isEqualTo(IoStatus.INVALID);
    }

    @Test
    void shouldRefuseWhenBufferIsTooSmall() {
        assertThat(transfer(IoOp.READ, 0, 2 * 4096, 4096, 2 * 4096)).isEqualTo(IoStatus.INVALID);
        assertThat(transfer(IoOp.WRITE, 0, 2 * 4096, -4096, 2 * 4096)).isEqualTo(IoStatus.INVALID);
    }

    @Test
    void shouldRefuseFlagsWhenTheyHaveNoMeaning() {
        assertThat(ranged(IoOp.TRIM, 0, sector, IoRequest.NO_HOLE)).isEqualTo(IoStatus.INVALID);
        assertThat(ranged(IoOp.TRIM, 0, sector, IoRequest.FAST_ZERO)).isEqualTo(IoStatus.INVALID);
        assertThat(ranged(IoOp.WRITE_ZEROES, 0, sector, 1 << 10)).isEqualTo(IoStatus.INVALID);
    }

    @Test
    void shouldKeepContentWhenFlushedAndCached() {
        write(4, 8L * sector, 8 * sector, IoRequest.FUA);
        write(5, 16L * sector, 8 * sector, 0);
        assertThat(flush()).isEqualTo(IoStatus.OK);
        assertThat(ranged(IoOp.CACHE, 8L * sector, 16L * sector, 0)).isEqualTo(IoStatus.OK);
        assertThat(read(8L * sector, 8 * sector)).isEqualTo(Pattern.of(4, 8L * sector, 8 * sector));
        assertThat(read(16L * sector, 8 * sector)).isEqualTo(Pattern.of(5, 16L * sector, 8 * sector));
    }

    @Test
    void shouldLeaveNeighboursAloneWhenTrimmed() {
        write(3, 0, 64 * sector, 0);
        assertThat(ranged(IoOp.TRIM, 8L * sector, 16L * sector, 0)).isEqualTo(IoStatus.OK);
        assertThat(ranged(IoOp.TRIM, 32L * sector, 8L * sector, IoRequest.FUA)).isEqualTo(IoStatus.OK);
        assertThat(read(0, 8 * sector)).isEqualTo(Pattern.of(3, 0, 8 * sector));
        assertThat(read(24L * sector, 8 * sector)).isEqualTo(Pattern.of(3, 24L * sector, 8 * sector));
        assertThat(read(40L * sector, 24 * sector)).isEqualTo(Pattern.of(3, 40L * sector, 24 * sector));

        write(9, 8L * sector, 16 * sector, 0);
        assertThat(read(8L * sector, 16 * sector)).isEqualTo(Pattern.of(9, 8L * sector, 16 * sector));
    }

    @Test
    void shouldReadZeroesWhenZeroed() {
        int[] flags = {0, IoRequest.FUA, IoRequest.NO_HOLE, IoRequest.NO_HOLE | IoRequest.FUA};
        for (int flag : flags) {
            write(6, 0, 64 * sector, 0);
            assertThat(ranged(IoOp.WRITE_ZEROES, 3L * sector, 21L * sector, flag))
                    .as("flags %d", flag)
                    .isEqualTo(IoStatus.OK);
            assertThat(read(0, 3 * sector)).isEqualTo(Pattern.of(6, 0, 3 * sector));
            assertThat(read(3L * sector, 21 * sector)).isEqualTo(new byte[21 * sector]);
            assertThat(read(24L * sector, 8 * sector)).isEqualTo(Pattern.of(6, 24L * sector, 8 * sector));
        }
    }

    @Test
    void shouldZeroFastOrNotAtAllWhenAskedToBeFast() {
        write(6, 0, 16 * sector, 0);
        IoStatus status = ranged(IoOp.WRITE_ZEROES, 0, 16L * sector, IoRequest.FAST_ZERO);
        boolean fast = device.geometry().canFastZero();
        assertThat(status).isEqualTo(fast ? IoStatus.OK : IoStatus.NOT_SUPPORTED);
        assertThat(read(0, 16 * sector)).isEqualTo(fast ? new byte[16 * sector] : Pattern.of(6, 0, 16 * sector));
    }

    @Test
    void shouldZeroEndOfDeviceWhenAsked() {
        long from = (size - 1) / sector * sector - 2L * sector;
        write(8, from, (int) (size - from), 0);
        assertThat(ranged(IoOp.WRITE_ZEROES, from + sector, size - from - sector, 0))
                .isEqualTo(IoStatus.OK);
        assertThat(read(from + sector, (int) (size - from - sector))).isEqualTo(new byte[(int) (size - from - sector)]);
        assertThat(read(from, sector)).isEqualTo(Pattern.of(8, from, sector));
    }

    @Test
    void shouldDescribeDataAsDataWhenAskedForExtents() {
        write(6, MIB, MIB, 0);
        assertThat(ranged(IoOp.WRITE_ZEROES, 4 * MIB, 4 * MIB, 0)).isEqualTo(IoStatus.OK);
        long position = 0;
        while (position < 16 * MIB) {
            TestRequest request = new TestRequest();
            request.prepareExtents(ExtentsRequest.Context.ALLOCATION, position, 16 * MIB - position);
            assertThat(submit(request)).isEqualTo(IoStatus.OK);
            assertThat(request.count()).isPositive();
            for (int i = 0; i < request.count(); i++) {
                long end = position + request.extentLength(i);
                assertThat(request.extentLength(i)).isPositive();
                if (request.extentState(i) != 0) {
                    assertThat(position >= 2 * MIB || end <= MIB)
                            .as("%d..%d holds data", position, end)
                            .isTrue();
                }
                position = end;
            }
        }
        assertThat(position).isEqualTo(16 * MIB);
    }

    @Test
    void shouldCompleteAllWhenMoreAreInFlightThanDeviceTakes() {
        int count = 1500;
        List<TestRequest> requests = new ArrayList<>();
        List<IoBuffer> buffers = new ArrayList<>();
        rig.onLoop(() -> {
            for (int i = 0; i < count; i++) {
                TestRequest request = new TestRequest();
                IoBuffer buffer = rig.allocate(4096);
                buffer.bytes(0, 4096).put(Pattern.of(i, i * 4096L, 4096));
                request.prepare(IoOp.WRITE, i * 4096L, 4096, 0, buffer, 0);
                buffers.add(buffer);
                requests.add(request);
            }
            requests.forEach(device::submit);
        });
        requests.forEach(request -> assertThat(rig.await(request)).isEqualTo(IoStatus.OK));
        rig.onLoop(() -> buffers.forEach(IoBuffer::release));
        for (int i = 0; i < count; i += 97) {
            assertThat(read(i * 4096L, 4096)).isEqualTo(Pattern.of(i, i * 4096L, 4096));
        }
    }

    @Test
    void shouldAgreeWithModelWhenManyRandomRequestsAreInFlight() {
        RandomRequests random = new RandomRequests(rig, 20261122L);
        random.fill();
        for (int round = 0; round < 60; round++) {
            random.round(40);
        }
        random.checkAll();
    }

    @Test
    void shouldFinishEarlierAndRefuseLaterRequestsWhenClosed() {
        List<TestRequest> earlier = new ArrayList<>();
        TestRequest later = new TestRequest();
        IoBuffer[] buffer = new IoBuffer[1];
        rig.onLoop(() -> {
            buffer[0] = rig.allocate(MIB);
            buffer[0].bytes(0, MIB).put(Pattern.of(1, 0, MIB));
            for (int i = 0; i < 64; i++) {
                TestRequest request = new TestRequest();
                request.prepare(IoOp.WRITE, (long) i * MIB % (32 * MIB), MIB, 0, buffer[0], 0);
                earlier.add(request);
                device.submit(request);
            }
            device.close();
            later.prepareFlush();
            device.submit(later);
            device.close();
        });
        assertThat(rig.await(later)).isEqualTo(IoStatus.SHUTDOWN);
        Collections.shuffle(earlier, new Random(1));
        earlier.forEach(request -> assertThat(rig.await(request)).isEqualTo(IoStatus.OK));
        rig.onLoop(buffer[0]::release);
    }

    private void write(long seed, long offset, int length, int flags) {
        assertThat(withBuffer(length, buffer -> {
                    buffer.bytes(0, length).put(Pattern.of(seed, offset, length));
                    TestRequest request = new TestRequest();
                    request.prepare(IoOp.WRITE, offset, length, flags, buffer, 0);
                    return request;
                }))
                .isEqualTo(IoStatus.OK);
    }

    private byte[] read(long offset, int length) {
        byte[] result = new byte[length];
        IoBuffer[] used = new IoBuffer[1];
        TestRequest request = new TestRequest();
        rig.onLoop(() -> {
            used[0] = rig.allocate(length);
            request.prepare(IoOp.READ, offset, length, 0, used[0], 0);
            device.submit(request);
        });
        assertThat(rig.await(request)).isEqualTo(IoStatus.OK);
        rig.onLoop(() -> {
            used[0].bytes(0, length).get(result);
            used[0].release();
        });
        return result;
    }

    private IoStatus transfer(IoOp op, long offset, int length, int bufferOffset, int bufferBytes) {
        return withBuffer(bufferBytes, buffer -> {
            TestRequest request = new TestRequest();
            request.prepare(op, offset, length, 0, buffer, bufferOffset);
            return request;
        });
    }

    private IoStatus withBuffer(int bytes, Function<IoBuffer, TestRequest> prepared) {
        TestRequest[] request = new TestRequest[1];
        IoBuffer[] buffer = new IoBuffer[1];
        rig.onLoop(() -> {
            buffer[0] = rig.allocate(bytes);
            request[0] = prepared.apply(buffer[0]);
            device.submit(request[0]);
        });
        IoStatus status = rig.await(request[0]);
        rig.onLoop(buffer[0]::release);
        return status;
    }

    private IoStatus ranged(IoOp op, long offset, long length, int flags) {
        TestRequest request = new TestRequest();
        if (op == IoOp.EXTENTS) {
            request.prepareExtents(ExtentsRequest.Context.ALLOCATION, offset, length);
        } else {
            request.prepare(op, offset, length, flags);
        }
        return submit(request);
    }

    private IoStatus flush() {
        TestRequest request = new TestRequest();
        request.prepareFlush();
        return submit(request);
    }

    private IoStatus submit(TestRequest request) {
        rig.onLoop(() -> device.submit(request));
        return rig.await(request);
    }
}
