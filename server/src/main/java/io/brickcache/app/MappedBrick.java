package io.brickcache.app;

import io.brickcache.admin.MappingView;
import io.brickcache.mapping.NbdDevices;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A device that the kernel has of us. Guarded by {@link Mappings}. */
final class MappedBrick {

    /**
     * How many connections for each that the device has may be closed with requests of theirs in the disk: the kernel cuts
     * a connection whose request takes too long and sends the request again, a disk that hangs would get it over and over.
     */
    private static final int UNFINISHED_PER_CONNECTION = 4;

    private final String brick;
    private final int index;
    private final int connections;
    private final List<KernelLink> links = new ArrayList<>();
    private long sizeBytes;
    private boolean leaving;
    private String suspicion = "";
    private String problem = "";

    MappedBrick(String brick, int index, int connections) {
        this.brick = brick;
        this.index = index;
        this.connections = connections;
    }

    String brick() {
        return brick;
    }

    int index() {
        return index;
    }

    Path path() {
        return NbdDevices.path(index);
    }

    int connections() {
        return connections;
    }

    /** Of the device; 0 while it is not known. */
    long sizeBytes() {
        return sizeBytes;
    }

    void add(KernelLink link, long deviceBytes) {
        links.removeIf(old -> old.unfinished() == 0);
        links.add(link);
        sizeBytes = deviceBytes;
        problem = "";
    }

    /** The device has that size now, and its connections as before. */
    void resized(long deviceBytes) {
        sizeBytes = deviceBytes;
        problem = "";
    }

    int openConnections() {
        return links.stream().mapToInt(KernelLink::openConnections).sum();
    }

    /** Connections that are to be made. */
    int missing() {
        int unfinished = links.stream().mapToInt(KernelLink::unfinished).sum();
        int allowed = UNFINISHED_PER_CONNECTION * connections - unfinished;
        return leaving ? 0 : Math.max(0, Math.min(connections - openConnections(), allowed));
    }

    /** It will be disconnected: connections that end are not replaced. */
    void leave() {
        leaving = true;
    }

    void stay() {
        leaving = false;
    }

    /** Requests may have failed; {@code why} for people. */
    void suspect(String why) {
        suspicion = why;
    }

    boolean isSuspect() {
        return !suspicion.isEmpty();
    }

    String suspicion() {
        return suspicion;
    }

    /** The last look could not connect it. */
    void problem(String what) {
        problem = what;
    }

    MappingView.State state() {
        if (openConnections() == 0) {
            return MappingView.State.WAITING;
        }
        return isSuspect() ? MappingView.State.SUSPECT : MappingView.State.CONNECTED;
    }

    /** For people; empty while all is well. */
    String reason() {
        return switch (state()) {
            case CONNECTED -> problem;
            case WAITING -> problem.isEmpty() ? "its requests wait for the brick to be served" : problem;
            case SUSPECT -> suspicion + "; if a file system on it reports errors: unmount it, unmap, map";
        };
    }
}
