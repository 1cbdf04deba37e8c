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

    @Override
    public void close() {
        Tool.run("losetup", "--detach", path.toString()).succeeded();
    }
}
