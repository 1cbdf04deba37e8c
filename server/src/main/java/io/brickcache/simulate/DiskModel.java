package io.brickcache.simulate;

import java.util.List;

/**
 * What a disk of one head costs: an I/O that begins where the last one ended, or ahead of that by a small gap, passes over
 * gap and data at the rate of the medium; any other has to position first.
 *
 * @param name as {@code --disk} has it
 * @param positioningNs mean seek and half a rotation, in nanoseconds
 * @param bytesPerSecond rate of the medium
 * @param maxGapBytes the longest gap that is passed over
 */
public record DiskModel(String name, long positioningNs, long bytesPerSecond, long maxGapBytes) {

    /** 9.5 ms and half of 11.1 ms, 100 MB/s: a brick's archive disk. Totals are compared with this one. */
    public static final DiskModel SATA_5400 = new DiskModel("sata-5400", 15_000_000, 100_000_000, 128 << 10);

    /** 8.5 ms and half of 8.3 ms, 200 MB/s: a nearline disk of today. */
    public static final DiskModel SATA_7200 = new DiskModel("sata-7200", 12_700_000, 200_000_000, 128 << 10);

    public static final List<DiskModel> ALL = List.of(SATA_5400, SATA_7200);

    /** Nanoseconds for so many bytes under the head. */
    long transferNs(long bytes) {
        return bytes * 1_000_000_000 / bytesPerSecond;
    }
}
