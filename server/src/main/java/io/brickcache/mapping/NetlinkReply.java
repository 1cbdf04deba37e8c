package io.brickcache.mapping;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the kernel answers: any number of messages with attributes, then an acknowledgement with an error number. Lengths
 * are checked, whatever the kernel says.
 */
final class NetlinkReply {

    static final int TYPE_ERROR = 2;

    private static final int TYPE_MASK = 0x3FFF;

    private final int sequence;
    private final int type;
    private final ByteBuffer payload;

    private NetlinkReply(int sequence, int type, ByteBuffer payload) {
        this.sequence = sequence;
        this.type = type;
        this.payload = payload;
    }

    /** An attribute: its type without flags, and its content. */
    record Attribute(int type, ByteBuffer content) {
        int u16() {
            need(Short.BYTES);
            return Short.toUnsignedInt(content.getShort(0));
        }

        int u32() {
            need(Integer.BYTES);
            return content.getInt(0);
        }

        int u8() {
            need(1);
            return Byte.toUnsignedInt(content.get(0));
        }

        List<Attribute> nested() {
            return NetlinkReply.attributes(content.duplicate().order(ByteOrder.nativeOrder()));
        }

        private void need(int bytes) {
            if (content.limit() < bytes) {
                throw malformed("attribute " + type + " has " + content.limit() + " bytes");
            }
        }
    }

    /** The messages of one datagram. */
    static List<NetlinkReply> parse(byte[] datagram, int length) {
        ByteBuffer bytes = ByteBuffer.wrap(datagram, 0, length).slice().order(ByteOrder.nativeOrder());
        List<NetlinkReply> messages = new ArrayList<>();
        int place = 0;
        while (bytes.limit() - place >= NetlinkMessage.HEADER_BYTES) {
            int size = bytes.getInt(place);
            if (size < NetlinkMessage.HEADER_BYTES || size > bytes.limit() - place) {
                throw malformed("a message of " + size + " bytes");
            }
            int header = NetlinkMessage.HEADER_BYTES;
            messages.add(new NetlinkReply(
                    bytes.getInt(place + 8),
                    Short.toUnsignedInt(bytes.getShort(place + 4)),
                    part(bytes, place + header, size - header)));
            place += aligned(size);
        }
        return messages;
    }

    int sequence() {
        return sequence;
    }

    /** True for the acknowledgement, which comes last. */
    boolean isAcknowledgement() {
        return type == TYPE_ERROR;
    }

    /** Of the acknowledgement: 0 or an error number, positive. */
    int error() {
        if (payload.limit() < Integer.BYTES) {
            throw malformed("an acknowledgement without a number");
        }
        return -payload.getInt(0);
    }

    List<Attribute> attributes() {
        if (payload.limit() < NetlinkMessage.GENERIC_HEADER_BYTES) {
            throw malformed("a message without a command");
        }
        int header = NetlinkMessage.GENERIC_HEADER_BYTES;
        return attributes(part(payload, header, payload.limit() - header));
    }

    /** The attribute of that type; null if there is none. */
    static @Nullable Attribute find(List<Attribute> attributes, int type) {
        return attributes.stream()
                .filter(attribute -> attribute.type() == type)
                .findFirst()
                .orElse(null);
    }

    private static List<Attribute> attributes(ByteBuffer bytes) {
        List<Attribute> result = new ArrayList<>();
        int place = 0;
        while (bytes.limit() - place >= NetlinkMessage.ATTRIBUTE_HEADER_BYTES) {
            int size = Short.toUnsignedInt(bytes.getShort(place));
            if (size < NetlinkMessage.ATTRIBUTE_HEADER_BYTES || size > bytes.limit() - place) {
                throw malformed("an attribute of " + size + " bytes");
            }
            int header = NetlinkMessage.ATTRIBUTE_HEADER_BYTES;
            result.add(
                    new Attribute(bytes.getShort(place + 2) & TYPE_MASK, part(bytes, place + header, size - header)));
            place += aligned(size);
        }
        return result;
    }

    private static ByteBuffer part(ByteBuffer bytes, int offset, int length) {
        return bytes.slice(offset, length).order(ByteOrder.nativeOrder());
    }

    private static int aligned(int size) {
        return size + 3 & ~3;
    }

    private static IllegalArgumentException malformed(String what) {
        return new IllegalArgumentException("netlink: " + what);
    }
}
