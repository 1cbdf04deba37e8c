package io.brickcache.mapping;

import io.brickcache.block.nativeio.Errno;
import io.brickcache.mapping.MappingException.Reason;
import io.brickcache.mapping.NetlinkReply.Attribute;
import io.brickcache.mapping.NetlinkSocket.Answer;
import java.util.List;
import java.util.function.IntFunction;

/** The driver by generic netlink, family {@code nbd} (linux/nbd-netlink.h). */
public final class NetlinkDriver implements NbdDriver {

    static final int VERSION = 1;

    static final int CONNECT = 1;
    static final int DISCONNECT = 2;
    static final int RECONFIGURE = 3;
    static final int STATUS = 5;

    static final int INDEX = 1;
    static final int SIZE_BYTES = 2;
    static final int BLOCK_SIZE_BYTES = 3;
    static final int TIMEOUT = 4;
    static final int SERVER_FLAGS = 5;
    static final int SOCKETS = 7;
    static final int DEAD_CONNECTION_TIMEOUT = 8;
    static final int DEVICE_LIST = 9;
    static final int BACKEND_IDENTIFIER = 10;

    static final int SOCKET_ITEM = 1;
    static final int SOCKET_FD = 1;
    static final int DEVICE_CONNECTED = 2;

    /** The family that knows families, linux/genetlink.h. */
    private static final int CONTROL_FAMILY = 16;

    private static final int CONTROL_GET_FAMILY = 3;
    private static final int CONTROL_FAMILY_ID = 1;
    private static final int CONTROL_FAMILY_NAME = 2;

    private final KernelAdvice advice;

    public NetlinkDriver() {
        this.advice = KernelAdvice.ofThisMachine();
    }

    /** What asks the control family for the number of the driver's. */
    static NetlinkMessage familyRequest() {
        return NetlinkMessage.request(CONTROL_FAMILY, CONTROL_GET_FAMILY, 1).text(CONTROL_FAMILY_NAME, "nbd");
    }

    /** @param index -1 for any */
    static NetlinkMessage connectRequest(int family, int index, DeviceSpec spec, List<Integer> sockets) {
        NetlinkMessage request = NetlinkMessage.request(family, CONNECT, VERSION);
        if (index >= 0) {
            request.u32(INDEX, index);
        }
        request.u64(BLOCK_SIZE_BYTES, spec.blockBytes()).u64(SERVER_FLAGS, spec.serverFlags());
        return common(request, spec, sockets);
    }

    static NetlinkMessage reconfigureRequest(int family, int index, DeviceSpec spec, List<Integer> sockets) {
        return common(NetlinkMessage.request(family, RECONFIGURE, VERSION).u32(INDEX, index), spec, sockets);
    }

    private static NetlinkMessage common(NetlinkMessage request, DeviceSpec spec, List<Integer> sockets) {
        request.u64(SIZE_BYTES, spec.sizeBytes())
                .u64(TIMEOUT, spec.requestTimeout().toSeconds())
                .u64(DEAD_CONNECTION_TIMEOUT, spec.deadTimeout().toSeconds())
                .text(BACKEND_IDENTIFIER, spec.backend());
        if (!sockets.isEmpty()) {
            request.begin(SOCKETS);
            sockets.forEach(fd -> request.begin(SOCKET_ITEM).u32(SOCKET_FD, fd).end());
            request.end();
        }
        return request;
    }

    @Override
    public int connect(int index, DeviceSpec spec, List<Integer> sockets) throws MappingException {
        Answer answer = ask(family -> connectRequest(family, index, spec, sockets));
        check(answer, "connect a device");
        for (NetlinkReply message : answer.messages()) {
            Attribute made = NetlinkReply.find(message.attributes(), INDEX);
            if (made != null) {
                return made.u32();
            }
        }
        throw new MappingException(
                Reason.FAILED, "the kernel did not say which device it made", "look at: brickcache showmapped");
    }

    @Override
    public void reconfigure(int index, DeviceSpec spec, List<Integer> sockets) throws MappingException {
        check(ask(family -> reconfigureRequest(family, index, spec, sockets)), "reconfigure nbd" + index);
    }

    @Override
    public void disconnect(int index) throws MappingException {
        check(
                ask(family ->
                        NetlinkMessage.request(family, DISCONNECT, VERSION).u32(INDEX, index)),
                "disconnect nbd" + index);
    }

    @Override
    public boolean isConnected(int index) throws MappingException {
        Answer answer =
                ask(family -> NetlinkMessage.request(family, STATUS, VERSION).u32(INDEX, index));
        check(answer, "status of nbd" + index);
        for (NetlinkReply message : answer.messages()) {
            Attribute devices = NetlinkReply.find(message.attributes(), DEVICE_LIST);
            if (devices != null) {
                return devices.nested().stream()
                        .map(device -> NetlinkReply.find(device.nested(), DEVICE_CONNECTED))
                        .anyMatch(connected -> connected != null && connected.u8() != 0);
            }
        }
        return false;
    }

    private Answer ask(IntFunction<NetlinkMessage> request) throws MappingException {
        try (NetlinkSocket socket = NetlinkSocket.open()) {
            return socket.ask(request.apply(family(socket)));
        }
    }

    private int family(NetlinkSocket socket) throws MappingException {
        Answer answer = socket.ask(familyRequest());
        if (answer.error() == Errno.ENOENT) {
            throw advice.noDriver();
        }
        check(answer, "look for the nbd family");
        for (NetlinkReply message : answer.messages()) {
            Attribute id = NetlinkReply.find(message.attributes(), CONTROL_FAMILY_ID);
            if (id != null) {
                return id.u16();
            }
        }
        throw advice.noDriver();
    }

    private static void check(Answer answer, String what) throws MappingException {
        if (answer.error() == 0) {
            return;
        }
        String problem = "the kernel's nbd driver refused to " + what + " (" + Errno.describe(answer.error()) + ")";
        throw switch (answer.error()) {
            case Errno.EPERM, Errno.EACCES ->
                new MappingException(
                        Reason.NOT_PERMITTED, problem, "give the service CAP_SYS_ADMIN (run it by its unit)");
            case Errno.EBUSY -> new MappingException(Reason.IN_USE, problem, "unmount it, or wait for who uses it");
            case Errno.EINVAL, Errno.ENOENT, Errno.ENXIO ->
                new MappingException(Reason.NOT_CONNECTED, problem, "look into the kernel's log: journalctl -k");
            default -> new MappingException(Reason.FAILED, problem, "look into the kernel's log: journalctl -k");
        };
    }
}
