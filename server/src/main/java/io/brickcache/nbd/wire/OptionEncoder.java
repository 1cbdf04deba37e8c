package io.brickcache.nbd.wire;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** What the server says while options are negotiated. Every method appends to {@code out}. */
public final class OptionEncoder {

    private OptionEncoder() {}

    /** The server speaks first. */
    public static void greeting(ByteBuf out) {
        out.writeLong(HandshakeCodes.NBD_MAGIC);
        out.writeLong(HandshakeCodes.OPTION_MAGIC);
        out.writeShort(HandshakeCodes.FLAG_FIXED_NEWSTYLE | HandshakeCodes.FLAG_NO_ZEROES);
    }

    public static void ack(ByteBuf out, int option) {
        header(out, option, HandshakeCodes.REP_ACK, 0);
    }

    /** An error reply with a text for people. */
    public static void error(ByteBuf out, int option, int replyType, String message) {
        byte[] text = utf8(message);
        header(out, option, replyType, text.length);
        out.writeBytes(text);
    }

    /** One export of the answer to LIST. */
    public static void server(ByteBuf out, String name, String description) {
        byte[] nameBytes = utf8(name);
        byte[] descriptionBytes = utf8(description);
        header(out, HandshakeCodes.OPT_LIST, HandshakeCodes.REP_SERVER, 4 + nameBytes.length + descriptionBytes.length);
        out.writeInt(nameBytes.length);
        out.writeBytes(nameBytes);
        out.writeBytes(descriptionBytes);
    }

    public static void infoExport(ByteBuf out, int option, long sizeBytes, int transmissionFlags) {
        header(out, option, HandshakeCodes.REP_INFO, 2 + 8 + 2);
        out.writeShort(HandshakeCodes.INFO_EXPORT);
        out.writeLong(sizeBytes);
        out.writeShort(transmissionFlags);
    }

    public static void infoText(ByteBuf out, int option, int infoType, String text) {
        byte[] bytes = utf8(text);
        header(out, option, HandshakeCodes.REP_INFO, 2 + bytes.length);
        out.writeShort(infoType);
        out.writeBytes(bytes);
    }

    public static void infoBlockSize(ByteBuf out, int option, int minimum, int preferred, int maximum) {
        header(out, option, HandshakeCodes.REP_INFO, 2 + 12);
        out.writeShort(HandshakeCodes.INFO_BLOCK_SIZE);
        out.writeInt(minimum);
        out.writeInt(preferred);
        out.writeInt(maximum);
    }

    /**
     * One context of an answer.
     *
     * @param id 0 in the answer to LIST_META_CONTEXT
     */
    public static void metaContext(ByteBuf out, int option, int id, String name) {
        byte[] bytes = utf8(name);
        header(out, option, HandshakeCodes.REP_META_CONTEXT, 4 + bytes.length);
        out.writeInt(id);
        out.writeBytes(bytes);
    }

    /** The whole answer to EXPORT_NAME. */
    public static void exportName(ByteBuf out, long sizeBytes, int transmissionFlags, int zeroes) {
        out.writeLong(sizeBytes);
        out.writeShort(transmissionFlags);
        out.writeZero(zeroes);
    }

    private static void header(ByteBuf out, int option, int replyType, int payloadBytes) {
        out.writeLong(HandshakeCodes.OPTION_REPLY_MAGIC);
        out.writeInt(option);
        out.writeInt(replyType);
        out.writeInt(payloadBytes);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
