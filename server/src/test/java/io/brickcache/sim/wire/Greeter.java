package io.brickcache.sim.wire;

import io.brickcache.nbd.wire.HandshakeCodes;
import io.brickcache.nbd.wire.MetaContext;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The client's side of the negotiation. All options go out at once; their answers come in order. */
final class Greeter {

    private static final int GREETING_BYTES = 18;
    private static final int EXPORT_NAME_ANSWER_BYTES = 10;
    private static final byte[] NOTHING_TO_SAY = {};

    private enum Phase {
        GREETING,
        OPTIONS,
        EXPORT_NAME,
        DONE
    }

    private final String export;
    private final boolean structured;
    private final boolean goes;
    private Phase phase = Phase.GREETING;
    private int acksLeft;

    /** {@code goes}: chooses the export with GO, else with EXPORT_NAME. */
    Greeter(String export, boolean structured, boolean goes) {
        this.export = export;
        this.structured = structured;
        this.goes = goes;
    }

    /** The choice has been sent: requests may follow it at once. */
    boolean hasChosen() {
        return phase != Phase.GREETING;
    }

    boolean isDone() {
        return phase == Phase.DONE;
    }

    /** Takes what the server says next; returns what to say to that, or null if it has not said it whole. */
    byte @Nullable [] read(ByteBuf in) {
        return switch (phase) {
            case GREETING -> readGreeting(in);
            case OPTIONS -> readOptionReply(in);
            case EXPORT_NAME -> {
                if (in.readableBytes() < EXPORT_NAME_ANSWER_BYTES) {
                    yield null;
                }
                in.skipBytes(EXPORT_NAME_ANSWER_BYTES);
                phase = Phase.DONE;
                yield NOTHING_TO_SAY;
            }
            case DONE -> null;
        };
    }

    private byte @Nullable [] readGreeting(ByteBuf in) {
        if (in.readableBytes() < GREETING_BYTES) {
            return null;
        }
        if (in.readLong() != HandshakeCodes.NBD_MAGIC || in.readLong() != HandshakeCodes.OPTION_MAGIC) {
            throw new AssertionError("the server's greeting is none");
        }
        in.readShort();
        ByteBuf out = Unpooled.buffer();
        out.writeInt(HandshakeCodes.FLAG_FIXED_NEWSTYLE | HandshakeCodes.FLAG_NO_ZEROES);
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        if (structured) {
            option(out, HandshakeCodes.OPT_STRUCTURED_REPLY, Unpooled.EMPTY_BUFFER);
            ByteBuf contexts = Unpooled.buffer();
            string(contexts, name);
            contexts.writeInt(MetaContext.values().length);
            for (MetaContext context : MetaContext.values()) {
                string(contexts, context.fullName().getBytes(StandardCharsets.UTF_8));
            }
            option(out, HandshakeCodes.OPT_SET_META_CONTEXT, contexts);
            acksLeft = 2;
        }
        ByteBuf choice = Unpooled.buffer();
        if (goes) {
            string(choice, name);
            choice.writeShort(0);
            option(out, HandshakeCodes.OPT_GO, choice);
            acksLeft++;
        } else {
            choice.writeBytes(name);
            option(out, HandshakeCodes.OPT_EXPORT_NAME, choice);
        }
        phase = acksLeft > 0 ? Phase.OPTIONS : Phase.EXPORT_NAME;
        byte[] bytes = new byte[out.readableBytes()];
        out.readBytes(bytes);
        return bytes;
    }

    private static void option(ByteBuf out, int option, ByteBuf payload) {
        out.writeLong(HandshakeCodes.OPTION_MAGIC);
        out.writeInt(option);
        out.writeInt(payload.readableBytes());
        out.writeBytes(payload);
    }

    private static void string(ByteBuf out, byte[] text) {
        out.writeInt(text.length);
        out.writeBytes(text);
    }

    private byte @Nullable [] readOptionReply(ByteBuf in) {
        int start = in.readerIndex();
        if (in.readableBytes() < HandshakeCodes.OPTION_REPLY_HEADER_BYTES
                || in.readableBytes() - HandshakeCodes.OPTION_REPLY_HEADER_BYTES < in.getInt(start + 16)) {
            return null;
        }
        int type = in.getInt(start + 12);
        if (in.getLong(start) != HandshakeCodes.OPTION_REPLY_MAGIC || type < 0) {
            throw new AssertionError(
                    "option " + in.getInt(start + 8) + " is answered with 0x" + Integer.toHexString(type));
        }
        in.skipBytes(HandshakeCodes.OPTION_REPLY_HEADER_BYTES + in.getInt(start + 16));
        if (type == HandshakeCodes.REP_ACK && --acksLeft == 0) {
            phase = goes ? Phase.DONE : Phase.EXPORT_NAME;
        }
        return NOTHING_TO_SAY;
    }
}
