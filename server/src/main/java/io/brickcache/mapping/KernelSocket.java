package io.brickcache.mapping;

import com.sun.jna.Native;
import io.brickcache.block.nativeio.Errno;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The end of a connection that the kernel gets. Closed here, it stays open there. */
public final class KernelSocket implements AutoCloseable {

    /** What sun_path holds, without its final zero byte. */
    private static final int MAX_PATH_BYTES = 107;

    private final int fd;

    private KernelSocket(int fd) {
        this.fd = fd;
    }

    /** Connects to a Unix socket that listens. */
    public static KernelSocket connect(Path path) throws IOException {
        byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
        if (name.length > MAX_PATH_BYTES) {
            throw new IOException(path + " is longer than the name of a socket may be (" + MAX_PATH_BYTES
                    + " bytes); set a shorter state_directory");
        }
        byte[] address = ByteBuffer.allocate(Short.BYTES + name.length + 1)
                .order(ByteOrder.nativeOrder())
                .putShort((short) LibC.AF_UNIX)
                .put(name)
                .array();
        int fd = LibC.socket(LibC.AF_UNIX, LibC.SOCK_STREAM | LibC.SOCK_CLOEXEC, 0);
        if (fd < 0) {
            throw new IOException("socket failed (" + Errno.describe(Native.getLastError()) + ")");
        }
        if (LibC.connect(fd, address, address.length) != 0) {
            int error = Native.getLastError();
            LibC.close(fd);
            throw new IOException("connect to " + path + " failed (" + Errno.describe(error) + ")");
        }
        return new KernelSocket(fd);
    }

    public int number() {
        return fd;
    }

    @Override
    public void close() {
        LibC.close(fd);
    }
}
