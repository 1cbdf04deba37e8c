package io.brickcache.app;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Recognises what a device holds by its first bytes, so that nothing is overwritten by a mistyped path. */
final class Signatures {

    /** Bytes that are looked at. */
    static final int BYTES = 128 << 10;

    static final String OWN = "the data area of a cache";

    private record Signature(String name, int offset, List<Byte> magic) {
        boolean isIn(ByteBuffer bytes) {
            if (offset + magic.size() > bytes.limit()) {
                return false;
            }
            for (int i = 0; i < magic.size(); i++) {
                if (bytes.get(offset + i) != magic.get(i)) {
                    return false;
                }
            }
            return true;
        }
    }

    private static final List<Signature> KNOWN = List.of(
            text(OWN, 0, "BRICKSSD"),
            text("an XFS file system", 0, "XFSB"),
            bytes("an ext file system", 1080, 0x53, 0xEF),
            text("a btrfs file system", 65600, "_BHRfS_M"),
            bytes("an F2FS file system", 1024, 0x10, 0x20, 0xF5, 0xF2),
            bytes("a LUKS volume", 0, 'L', 'U', 'K', 'S', 0xBA, 0xBE),
            text("an LVM physical volume", 0, "LABELONE"),
            text("an LVM physical volume", 512, "LABELONE"),
            text("a Ceph OSD", 0, "bluestore block device"),
            bytes("a member of an md array", 0, 0xFC, 0x4E, 0x2B, 0xA9),
            bytes("a member of an md array", 4096, 0xFC, 0x4E, 0x2B, 0xA9),
            bytes("a bcache device", 4120, 0xC6, 0x85, 0x73, 0xF6, 0x4E, 0x1A, 0x45, 0xCA),
            text("swap space", 4086, "SWAPSPACE2"),
            text("a partition table", 512, "EFI PART"),
            text("a partition table", 4096, "EFI PART"),
            bytes("a partition table or a boot sector", 510, 0x55, 0xAA));

    private Signatures() {}

    /**
     * What the bytes are the beginning of, for people; null if they are of nothing known.
     *
     * @param bytes the first {@link #BYTES} of the device, from index 0 to the limit
     */
    static @Nullable String recognise(ByteBuffer bytes) {
        return KNOWN.stream()
                .filter(signature -> signature.isIn(bytes))
                .map(Signature::name)
                .findFirst()
                .orElse(null);
    }

    private static Signature text(String name, int offset, String magic) {
        return bytes(name, offset, magic.chars().toArray());
    }

    private static Signature bytes(String name, int offset, int... magic) {
        return new Signature(
                name, offset, Arrays.stream(magic).mapToObj(b -> (byte) b).toList());
    }
}
