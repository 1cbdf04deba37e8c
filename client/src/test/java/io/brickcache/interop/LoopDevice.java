package io.brickcache.interop;

import java.nio.file.Path;

/** A file as a block device with sectors of a chosen size; detached when closed. Needs root. */
record LoopDevice(Path path) implements AutoCloseable {

    static LoopDevice on(Path file, int sectorBytes) {
        String device = Tool.run("losetup", "--find", "--show", "--sector-size", "" + sectorBytes, file.toString())
                .succeeded()
                .output()
                .strip();
        return new LoopDevice(Path.of(device));
    }

    /** With sectors of 512 bytes and past the page cache, so that what the file answers reaches the device's user. */
    static LoopDevice direct(Path file) {
        String device = Tool.run(
                        "losetup", "--find", "--show", "--sector-size", "512", "--direct-io=on", file.toString())
                .succeeded()
                .output()
                .strip();
        return new LoopDevice(Path.of(device));
    }

    @Override
    public void close() {
        Tool.run("losetup", "--detach", path.toString()).succeeded();
    }
}
