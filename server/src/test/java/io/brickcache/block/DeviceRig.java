package io.brickcache.block;

import java.util.Objects;

/** A device under test with its loop and memory; each implementation of the port has one. */
public interface DeviceRig extends AutoCloseable {

    /** At least 40 MiB, fast enough to be written many times over; content undefined. */
    BlockDevice device();

    /** Of the device's loop, 128 MiB or more, nothing handed out. */
    BufferPool pool();

    /** Memory for a request, on the loop. */
    default IoBuffer allocate(int bytes) {
        return Objects.requireNonNull(pool().tryAllocate(bytes), "the test holds too much memory");
    }

    /** Runs the action on the loop and returns when it has run; passes its exception on. */
    void onLoop(Runnable action);

    /** Waits, off the loop, until the request has completed. */
    IoStatus await(TestRequest request);

    /** Closes the device and its loop. */
    @Override
    void close();
}
