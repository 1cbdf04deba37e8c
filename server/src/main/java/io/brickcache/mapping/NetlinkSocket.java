package io.brickcache.mapping;

import com.sun.jna.Native;
import io.brickcache.block.nativeio.Errno;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** A generic netlink socket: requests one after the other, each with its answer. For one thread. */
final class NetlinkSocket implements AutoCloseable {

    private static final int MAX_REPLY_BYTES = 1 << 16;
    private static final int ADDRESS_BYTES = 12;
    /** A disconnect waits for the receivers of the driver. */
    private static final long ANSWER_SECONDS = 60;

    private final int fd;
    private int sequence;

    private NetlinkSocket(int fd) {
        this.fd = fd;
    }

    static NetlinkSocket open() throws MappingException {
        int fd = LibC.socket(LibC.AF_NETLINK, LibC.SOCK_RAW | LibC.SOCK_CLOEXEC, LibC.NETLINK_GENERIC);
        if (fd < 0) {
            throw failed("socket", Native.getLastError());
        }
        NetlinkSocket socket = new NetlinkSocket(fd);
        byte[] address = ByteBuffer.allocate(ADDRESS_BYTES)
                .order(ByteOrder.nativeOrder())
                .putShort(0, (short) LibC.AF_NETLINK)
                .array();
        byte[] timeout = ByteBuffer.allocate(2 * Long.BYTES)
                .order(ByteOrder.nativeOrder())
                .putLong(ANSWER_SECONDS)
                .array();
        if (LibC.bind(fd, address, address.length) < 0
                || LibC.setsockopt(fd, LibC.SOL_SOCKET, LibC.SO_RCVTIMEO, timeout, timeout.length) < 0) {
            int error = Native.getLastError();
            socket.close();
            throw failed("bind", error);
        }
        return socket;
    }

    /** What the kernel answered: its messages, and 0 or an error number. */
    record Answer(List<NetlinkReply> messages, int error) {}

    Answer ask(NetlinkMessage request) throws MappingException {
        int number = ++sequence;
        byte[] bytes = request.encode(number);
        if (LibC.send(fd, bytes, bytes.length, 0) != bytes.length) {
            throw failed("send", Native.getLastError());
        }
        List<NetlinkReply> messages = new ArrayList<>();
        byte[] received = new byte[MAX_REPLY_BYTES];
        while (true) {
            long length = LibC.recv(fd, received, received.length, 0);
            if (length < 0) {
                int error = Native.getLastError();
                if (error == Errno.EINTR) {
                    continue;
                }
                throw failed("recv", error);
            }
            for (NetlinkReply reply : parse(received, (int) length)) {
                if (reply.sequence() != number) {
                    continue;
                }
                if (reply.isAcknowledgement()) {
                    return new Answer(messages, reply.error());
                }
                messages.add(reply);
            }
        }
    }

    private static List<NetlinkReply> parse(byte[] bytes, int length) throws MappingException {
        try {
            return NetlinkReply.parse(bytes.clone(), length);
        } catch (IllegalArgumentException e) {
            throw new MappingException(
                    MappingException.Reason.FAILED,
                    String.valueOf(e.getMessage()),
                    "report it with the kernel's version");
        }
    }

    private static MappingException failed(String call, int error) {
        return new MappingException(
                MappingException.Reason.FAILED,
                "netlink: " + call + " failed (" + Errno.describe(error) + ")",
                "let the service use AF_NETLINK (RestrictAddressFamilies in its unit)");
    }

    @Override
    public void close() {
        LibC.close(fd);
    }
}
