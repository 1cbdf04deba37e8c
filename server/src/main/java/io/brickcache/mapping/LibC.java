package io.brickcache.mapping;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/** Sockets that the JDK does not offer, as {@code block.nativeio.LibC}: -1 on error, the number is the last error. */
final class LibC {

    static final int AF_UNIX = 1;
    static final int AF_NETLINK = 16;
    static final int SOCK_STREAM = 1;
    static final int SOCK_RAW = 3;
    static final int SOCK_CLOEXEC = 0x80000;
    static final int NETLINK_GENERIC = 16;
    static final int SOL_SOCKET = 1;
    static final int SO_RCVTIMEO = 20;

    static {
        Native.register(LibC.class, NativeLibrary.getInstance("c"));
    }

    private LibC() {}

    static native int socket(int domain, int type, int protocol);

    static native int connect(int fd, byte[] address, int addressBytes);

    static native int bind(int fd, byte[] address, int addressBytes);

    static native int setsockopt(int fd, int level, int option, byte[] value, int valueBytes);

    static native long send(int fd, byte[] bytes, long length, int flags);

    static native long recv(int fd, byte[] bytes, long length, int flags);

    static native int close(int fd);
}
