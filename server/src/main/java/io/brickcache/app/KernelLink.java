package io.brickcache.app;

import io.brickcache.mapping.KernelSocket;
import io.brickcache.nbd.DirectListener;
import io.brickcache.nbd.NbdServer;
import io.brickcache.nbd.handshake.Export;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Connections to an export that are made to be given to the kernel, together. Closed when the kernel has them: only this
 * side's hold on the kernel's ends goes. {@link #discard} when it did not take them.
 */
final class KernelLink implements AutoCloseable, DirectListener.Listener {

    private final int size;
    private final DirectListener listener;
    private final List<KernelSocket> sockets = new ArrayList<>();
    private final AtomicInteger closed = new AtomicInteger();
    private final AtomicInteger ended = new AtomicInteger();

    private KernelLink(NbdServer nbd, Export export, int size) {
        this.size = size;
        this.listener = nbd.direct(export, size, this);
    }

    /** Connects {@code size} times; 0 is allowed. */
    static KernelLink open(NbdServer nbd, Path stateDirectory, Export export, int size) throws IOException {
        KernelLink link = new KernelLink(nbd, export, size);
        if (size == 0) {
            return link;
        }
        try {
            Path path = link.listener.open(stateDirectory);
            for (int i = 0; i < size; i++) {
                link.sockets.add(KernelSocket.connect(path));
            }
            link.listener.removeName();
            return link;
        } catch (IOException | RuntimeException e) {
            link.close();
            link.discard();
            throw e;
        }
    }

    /** The kernel's ends, by number. */
    List<Integer> sockets() {
        return sockets.stream().map(KernelSocket::number).toList();
    }

    int openConnections() {
        return size - closed.get();
    }

    /** Connections through which something came that is not done, open or not. */
    int unfinished() {
        return size - ended.get();
    }

    @Override
    public void closed() {
        closed.incrementAndGet();
    }

    @Override
    public void ended() {
        ended.incrementAndGet();
    }

    /** Nobody else has them. */
    void discard() {
        listener.close();
    }

    @Override
    public void close() {
        sockets.forEach(KernelSocket::close);
        sockets.clear();
    }
}
