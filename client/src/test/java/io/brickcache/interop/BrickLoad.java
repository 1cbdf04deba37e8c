package io.brickcache.interop;

import static io.brickcache.interop.SectorModel.CHUNK_SECTORS;
import static io.brickcache.interop.SectorModel.SECTOR_BYTES;

import io.brickcache.interop.NbdClient.Command;
import io.brickcache.interop.NbdClient.Request;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Load on one brick, from one thread over two connections that take turns, every answer held against a
 * {@link SectorModel}. Requests go out in batches of up to {@value #DEPTH}, none overlapping another of its batch; a
 * flush may go out on either connection for the writes of both.
 */
final class BrickLoad {
    private static final int DEPTH = 16;
    private static final int BLOCK_SECTORS = 8;
    private static final Listener UNHEARD = () -> {};

    private final String export;
    private final Path device;
    private final SectorModel model;
    private final SplittableRandom random;
    private final BitSet busy = new BitSet();
    private final IdentityHashMap<Request, SectorModel.Write> writes = new IdentityHashMap<>();
    private long requests;
    private long writtenBytes;

    BrickLoad(String export, Path device, long sizeBytes, SplittableRandom random) {
        this.export = export;
        this.device = device;
        this.model = new SectorModel(export, sizeBytes);
        this.random = random;
    }

    String export() {
        return export;
    }

    Path device() {
        return device;
    }

    /** Told before each request; may end the load by ending the service. */
    interface Listener {
        void onRequest();
    }

    /** Writes to the file what the brick holds before it is attached. */
    void prepareDevice() throws IOException {
        model.fill(device);
    }

    /**
     * Random reads, writes of many sizes and alignments, zeroes and flushes, until so many bytes were written or the
     * service is gone.
     */
    void runRandom(ServiceProcess service, long bytes, Listener listener) throws IOException {
        long end = writtenBytes + bytes;
        try (NbdClient one = service.connect(export);
                NbdClient two = service.connect(export)) {
            for (NbdClient client = one; writtenBytes < end; client = client == one ? two : one) {
                for (Request request : randomBatch()) {
                    send(client, request, listener);
                }
                awaitAll(client);
                if (random.nextInt(8) == 0) {
                    flush(random.nextBoolean() ? one : two, listener);
                }
            }
        }
    }

    /** Writes the first {@code bytes} of the brick in order, in requests of {@code requestBytes}. */
    void runSequential(ServiceProcess service, long bytes, int requestBytes) throws IOException {
        try (NbdClient client = service.connect(export)) {
            int end = Math.toIntExact(bytes / SECTOR_BYTES);
            for (int first = 0; first < end; first += requestBytes / SECTOR_BYTES) {
                send(client, writeOf(first, Math.min(requestBytes / SECTOR_BYTES, end - first), 0), UNHEARD);
                if (client.inFlight() == DEPTH) {
                    receive(client);
                }
            }
            awaitAll(client);
            flush(client, UNHEARD);
        }
    }

    /** Reads everything and holds it against what was acknowledged. */
    void checkRunning(ServiceProcess service) throws IOException {
        readAll(service, model::checkRunning);
    }

    /** Reads everything, holds it against what a crash may leave, and makes what is there the new start, flushed. */
    void checkAfterCrash(ServiceProcess service) throws IOException {
        writes.clear();
        readAll(service, model::checkAfterCrash);
        try (NbdClient client = service.connect(export)) {
            flush(client, UNHEARD);
        }
    }

    /**
     * Reads everything block by block and holds against what was acknowledged whatever is not answered with EIO.
     *
     * @return how many blocks of 4 KiB were answered with EIO
     */
    int checkWhereReadable(ServiceProcess service) throws IOException {
        int unreadable = 0;
        try (NbdClient client = service.connect(export)) {
            for (int first = 0; first < model.sectors(); first += BLOCK_SECTORS) {
                int count = Math.min(BLOCK_SECTORS, model.sectors() - first);
                Request read = Request.read((long) first * SECTOR_BYTES, count * SECTOR_BYTES);
                int error = client.attempt(read);
                if (error == 0) {
                    model.checkRunning(first, read.data());
                } else if (error == NbdClient.EIO) {
                    unreadable++;
                } else {
                    throw new AssertionError("error " + error + " for a read of sector " + first);
                }
            }
        }
        return unreadable;
    }

    /** Writes whole blocks at random places and flushes; not one may fail, nor the reading back of what was written. */
    void writeWholeBlocks(ServiceProcess service, int blocks) throws IOException {
        try (NbdClient client = service.connect(export)) {
            for (int block = 0; block < blocks; block++) {
                int first = random.nextInt(model.sectors() / BLOCK_SECTORS) * BLOCK_SECTORS;
                send(client, writeOf(first, BLOCK_SECTORS, 0), UNHEARD);
                receive(client);
                send(client, Request.read((long) first * SECTOR_BYTES, BLOCK_SECTORS * SECTOR_BYTES), UNHEARD);
                receive(client);
            }
            flush(client, UNHEARD);
        }
    }

    /** Holds the bare device against what was acknowledged; the brick is detached. */
    void checkDevice() throws IOException {
        try (FileChannel file = FileChannel.open(device, StandardOpenOption.READ)) {
            for (int first = 0; first < model.sectors(); first += CHUNK_SECTORS) {
                ByteBuffer data = ByteBuffer.allocate(Math.min(CHUNK_SECTORS, model.sectors() - first) * SECTOR_BYTES);
                while (data.hasRemaining()) {
                    if (file.read(data, (long) first * SECTOR_BYTES + data.position()) < 0) {
                        throw new AssertionError(device + " is shorter than the brick");
                    }
                }
                model.checkRunning(first, data.flip());
            }
        }
    }

    @Override
    public String toString() {
        return export + ": " + requests + " requests, " + writtenBytes + " bytes written";
    }

    private interface Check {
        void accept(int first, ByteBuffer data);
    }

    private void readAll(ServiceProcess service, Check check) throws IOException {
        try (NbdClient client = service.connect(export)) {
            for (int first = 0; first < model.sectors(); first += CHUNK_SECTORS) {
                int count = Math.min(CHUNK_SECTORS, model.sectors() - first);
                Request read = client.call(Request.read((long) first * SECTOR_BYTES, count * SECTOR_BYTES));
                check.accept(first, read.data());
            }
        }
    }

    /** Reads come last: a server that waits for us to take a long answer may stop reading what we still send. */
    private List<Request> randomBatch() {
        busy.clear();
        List<Request> batch = new ArrayList<>();
        int depth = 1 + random.nextInt(DEPTH);
        for (int i = 0; i < depth; i++) {
            Request request = randomRequest();
            if (request != null) {
                batch.add(request.command() == Command.READ ? batch.size() : 0, request);
            }
        }
        return batch;
    }

    /** Null when the chosen place overlaps a request of this batch. */
    private @Nullable Request randomRequest() {
        int kind = random.nextInt(100);
        int count = sectorCount();
        int first = random.nextInt(model.sectors() - count);
        if (random.nextInt(10) != 0) {
            first -= first % 8;
        }
        if (busy.get(first, first + count).isEmpty()) {
            busy.set(first, first + count);
            if (kind < 25) {
                return Request.read((long) first * SECTOR_BYTES, count * SECTOR_BYTES);
            }
            return kind < 32 ? zeroOf(first, count) : writeOf(first, count, kind < 36 ? NbdClient.FUA : 0);
        }
        return null;
    }

    /** Mostly one block of 4 KiB, sometimes a few sectors, sometimes up to 128 KiB. */
    private int sectorCount() {
        int kind = random.nextInt(10);
        if (kind < 7) {
            return 8;
        }
        return kind == 7 ? 1 + random.nextInt(24) : 8 * (1 + random.nextInt(32));
    }

    private Request writeOf(int first, int count, int flags) {
        SectorModel.Write write = model.write(first, count);
        Request request = Request.write((long) first * SECTOR_BYTES, flags, model.content(write));
        writes.put(request, write);
        return request;
    }

    private Request zeroOf(int first, int count) {
        SectorModel.Write write = model.zero(first, count);
        int flags = random.nextBoolean() ? NbdClient.NO_HOLE : 0;
        Request request = Request.zero((long) first * SECTOR_BYTES, flags, count * SECTOR_BYTES);
        writes.put(request, write);
        return request;
    }

    private void send(NbdClient client, Request request, Listener listener) throws IOException {
        listener.onRequest();
        requests++;
        client.send(request);
    }

    private void flush(NbdClient client, Listener listener) throws IOException {
        send(client, Request.flush(), listener);
        awaitAll(client);
        model.flushed();
    }

    private void awaitAll(NbdClient client) throws IOException {
        while (client.inFlight() > 0) {
            receive(client);
        }
    }

    private void receive(NbdClient client) throws IOException {
        Request request = client.receive();
        SectorModel.Write write = writes.remove(request);
        if (write != null) {
            writtenBytes += request.length();
            model.acknowledge(write, (request.flags() & NbdClient.FUA) != 0);
        } else if (request.command() == Command.READ) {
            model.checkRunning((int) (request.offset() / SECTOR_BYTES), request.data());
        }
    }
}
