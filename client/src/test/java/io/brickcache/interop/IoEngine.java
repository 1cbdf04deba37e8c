package io.brickcache.interop;

/** The ways to do I/O; every end-to-end test runs on each. */
enum IoEngine {
    IO_URING("io_uring"),
    POOLED("pooled");

    private final String setting;

    IoEngine(String setting) {
        this.setting = setting;
    }

    /** The value of the configuration's {@code io.engine}. */
    String setting() {
        return setting;
    }
}
