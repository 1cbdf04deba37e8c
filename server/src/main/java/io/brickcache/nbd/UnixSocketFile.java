package io.brickcache.nbd;

import io.brickcache.env.ListenAddress;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/** The name a Unix socket has in the file system; it outlives a process that was killed. */
final class UnixSocketFile {

    private UnixSocketFile() {}

    /**
     * Removes a socket that nobody listens on, so that its name can be bound again.
     *
     * @throws NbdListenException if somebody does, or if the path is something else than a socket
     */
    static void removeStale(ListenAddress.Unix address) throws IOException {
        Path path = address.path();
        BasicFileAttributes attributes;
        try {
            attributes = Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return;
        }
        if (!attributes.isOther()) {
            throw new NbdListenException(address, "the path exists and is not a socket; move it away", null);
        }
        if (isAnswered(address)) {
            throw new NbdListenException(
                    address, "another process listens there; stop it or choose another path", null);
        }
        Files.deleteIfExists(path);
    }

    private static boolean isAnswered(ListenAddress.Unix address) throws IOException {
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.configureBlocking(false);
            probe.connect(UnixDomainSocketAddress.of(address.path()));
            return true; // also if its queue is full
        } catch (ConnectException refused) {
            return false;
        } catch (SocketException e) {
            throw new NbdListenException(address, "cannot tell whether it is in use: " + e.getMessage(), e);
        }
    }
}
