package io.brickcache.simulate;

/** What a device has done for one kind of asker. */
final class Usage {
    long ios;
    long positionings;
    long busyNs;
    long readBytes;
    long writtenBytes;
}
