package io.brickcache.client;

import io.brickcache.admin.v1.Brick;
import io.brickcache.admin.v1.GrowBrickResponse;
import io.brickcache.admin.v1.Mapping;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What became of a brick that was asked to grow, and what comes next, for people. */
final class GrowthReport {
    private static final String MOUNTED = "mounted at ";

    private final Brick brick;
    private final long previousBytes;
    private final Optional<Mapping> mapping;

    GrowthReport(GrowBrickResponse grown) {
        this.brick = grown.getBrick();
        this.previousBytes = grown.getPreviousSizeBytes();
        this.mapping = grown.hasMapping() ? Optional.of(grown.getMapping()) : Optional.empty();
    }

    /** False if the brick has a block device and that is not as large. */
    boolean hasFollowed() {
        return mapping.isEmpty() || mapping.get().getSizeBytes() == brick.getSizeBytes();
    }

    List<String> lines() {
        List<String> lines = new ArrayList<>();
        if (previousBytes == brick.getSizeBytes()) {
            lines.add("brick " + brick.getName() + " has all of its disk already, " + size(previousBytes)
                    + "; make the disk larger first (lvextend, truncate, ...)");
        } else {
            lines.add("brick " + brick.getName() + " has grown from " + size(previousBytes) + " to "
                    + size(brick.getSizeBytes()));
        }
        mapping.ifPresent(device -> lines.add(of(device)));
        int clients = brick.getConnections()
                - mapping.map(Mapping::getOpenConnections).orElse(0);
        if (clients > 0 && previousBytes != brick.getSizeBytes()) {
            lines.add("clients that are connected over NBD (" + clients
                    + " connections) see the new size when they connect again");
        }
        return lines;
    }

    private String of(Mapping device) {
        String path = device.getDevicePath();
        if (!hasFollowed()) {
            return path + " has not followed yet: "
                    + (device.getStateReason().isEmpty() ? "see: brickcache showmapped" : device.getStateReason());
        }
        String place = device.getUsersList().stream()
                .filter(user -> user.startsWith(MOUNTED))
                .map(user -> user.substring(MOUNTED.length()))
                .findFirst()
                .orElse("MOUNTPOINT");
        return path + " has " + size(device.getSizeBytes()) + "; grow what is on it: xfs_growfs " + place
                + " (XFS), resize2fs " + path + " (ext4)";
    }

    private static String size(long bytes) {
        return Units.size(bytes) + " (" + bytes + " bytes)";
    }
}
