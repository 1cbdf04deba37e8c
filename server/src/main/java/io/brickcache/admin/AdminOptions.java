package io.brickcache.admin;

import io.brickcache.env.ListenAddress;
import org.jspecify.annotations.Nullable;

/**
 * How the administration is served.
 *
 * @param listen a Unix socket; TCP is refused, since it would hand the node to whoever can connect
 * @param socketMode permission bits of the socket, 0600 to 0775. Whoever may write to it may destroy caches.
 * @param socketGroup group that the socket is given to, or null for the service's own
 */
public record AdminOptions(
        ListenAddress listen, int socketMode, @Nullable String socketGroup) {

    public static final int DEFAULT_SOCKET_MODE = 0660;

    public AdminOptions {
        if (!(listen instanceof ListenAddress.Unix)) {
            throw new IllegalArgumentException("admin.listen " + listen
                    + " is not a Unix socket; administration is served on unix:/path/to.sock only");
        }
        if ((socketMode & ~0777) != 0 || (socketMode & 0600) != 0600) {
            throw new IllegalArgumentException("admin.socket_mode " + octal(socketMode)
                    + " does not let the service use its own socket; write something like \"0660\"");
        }
        if ((socketMode & 0002) != 0) {
            throw new IllegalArgumentException("admin.socket_mode " + octal(socketMode)
                    + " would let every user of the machine delete caches; use a group: \"0660\" and socket_group");
        }
        if (socketGroup != null && socketGroup.isBlank()) {
            throw new IllegalArgumentException("admin.socket_group is empty; leave it out or name a group");
        }
    }

    /** The socket. */
    ListenAddress.Unix socket() {
        return (ListenAddress.Unix) listen;
    }

    private static String octal(int mode) {
        return "0" + Integer.toOctalString(mode);
    }
}
