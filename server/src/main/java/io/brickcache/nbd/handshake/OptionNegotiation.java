package io.brickcache.nbd.handshake;

import io.brickcache.block.Geometry;
import io.brickcache.nbd.transmission.ExportProfile;
import io.brickcache.nbd.transmission.TransmissionSettings;
import io.brickcache.nbd.wire.HandshakeCodes;
import io.brickcache.nbd.wire.MalformedOptionException;
import io.brickcache.nbd.wire.MetaContext;
import io.brickcache.nbd.wire.OptionEncoder;
import io.brickcache.nbd.wire.OptionPayload;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What each option means, and what has been agreed so far. Answers are written but not flushed. A device is asked for
 * its geometry on its own loop, so INFO, GO and EXPORT_NAME may be settled later than they are executed.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failed writes end the channel, which channelInactive tells
final class OptionNegotiation {

    /** How an option ended. */
    enum Outcome {
        /** Answered; the next option may come. */
        NEXT,
        /** An export was chosen; the connection is to be handed over. */
        CHOSEN,
        /** The client leaves. */
        ABORTED,
        /** EXPORT_NAME has no answer for errors. */
        UNANSWERABLE
    }

    private final ExportDirectory exports;
    private final Handover handover;
    private boolean noZeroes;
    private boolean structuredReplies;
    private @Nullable MetaContextQuery selection;
    private @Nullable Export chosen;
    private @Nullable ByteBuf chosenAnswer;

    OptionNegotiation(ExportDirectory exports, Handover handover) {
        this.exports = exports;
        this.handover = handover;
    }

    static boolean isKnown(int option) {
        return switch (option) {
            case HandshakeCodes.OPT_EXPORT_NAME,
                    HandshakeCodes.OPT_ABORT,
                    HandshakeCodes.OPT_LIST,
                    HandshakeCodes.OPT_INFO,
                    HandshakeCodes.OPT_GO,
                    HandshakeCodes.OPT_STRUCTURED_REPLY,
                    HandshakeCodes.OPT_LIST_META_CONTEXT,
                    HandshakeCodes.OPT_SET_META_CONTEXT -> true;
            default -> false; // STARTTLS among them, which is not an option of the negotiation proper
        };
    }

    /** Nothing has been agreed by options. */
    void forget() {
        structuredReplies = false;
        selection = null;
    }

    void agreeNoZeroes(boolean agreed) {
        noZeroes = agreed;
    }

    /** Answers with an error. */
    void refuse(ChannelHandlerContext context, int option, int replyType, String message) {
        write(context, out -> OptionEncoder.error(out, option, replyType, message));
    }

    /**
     * Executes a known option, of which the payload is the next {@code length} bytes of {@code bytes}; they are used up
     * when this returns. {@code settled} is called once, on the connection's loop, if the connection still lives.
     */
    void execute(ChannelHandlerContext context, int option, ByteBuf bytes, int length, Consumer<Outcome> settled) {
        OptionPayload payload = new OptionPayload(bytes, length);
        try {
            dispatch(context, option, payload, settled);
        } catch (MalformedOptionException e) {
            payload.skipRest();
            if (option == HandshakeCodes.OPT_EXPORT_NAME) {
                settled.accept(Outcome.UNANSWERABLE);
            } else {
                refuse(context, option, e.replyType(), e.reason());
                settled.accept(Outcome.NEXT);
            }
        }
    }

    /** After {@link Outcome#CHOSEN}. */
    void handOver(ChannelHandlerContext context, ByteBuf early) {
        Export export = chosen;
        ByteBuf answer = chosenAnswer;
        if (export == null || answer == null) {
            throw new IllegalStateException("no export chosen");
        }
        chosenAnswer = null;
        handover.chosen(context, export, settingsFor(export.name()), answer, early);
    }

    /** The connection went away before it was handed over. */
    void dropAnswer() {
        if (chosenAnswer != null) {
            chosenAnswer.release();
            chosenAnswer = null;
        }
    }

    private void dispatch(ChannelHandlerContext context, int option, OptionPayload payload, Consumer<Outcome> settled)
            throws MalformedOptionException {
        switch (option) {
            case HandshakeCodes.OPT_EXPORT_NAME -> exportName(context, payload, settled);
            case HandshakeCodes.OPT_INFO, HandshakeCodes.OPT_GO -> info(context, option, payload, settled);
            case HandshakeCodes.OPT_ABORT -> {
                payload.skipRest();
                write(context, out -> OptionEncoder.ack(out, option));
                settled.accept(Outcome.ABORTED);
            }
            case HandshakeCodes.OPT_LIST -> {
                payload.expectEnd();
                list(context);
                settled.accept(Outcome.NEXT);
            }
            case HandshakeCodes.OPT_STRUCTURED_REPLY -> {
                payload.expectEnd();
                structuredReplies = true;
                write(context, out -> OptionEncoder.ack(out, option));
                settled.accept(Outcome.NEXT);
            }
            case HandshakeCodes.OPT_LIST_META_CONTEXT, HandshakeCodes.OPT_SET_META_CONTEXT -> {
                metaContexts(context, option, payload);
                settled.accept(Outcome.NEXT);
            }
            default -> throw new IllegalArgumentException("option " + option);
        }
    }

    private void list(ChannelHandlerContext context) {
        for (Export export : exports.list()) {
            write(context, out -> OptionEncoder.server(out, export.name(), export.description()));
        }
        write(context, out -> OptionEncoder.ack(out, HandshakeCodes.OPT_LIST));
    }

    private void exportName(ChannelHandlerContext context, OptionPayload payload, Consumer<Outcome> settled)
            throws MalformedOptionException {
        Export export = exports.find(payload.readRest());
        if (export == null) {
            settled.accept(Outcome.UNANSWERABLE);
            return;
        }
        onGeometry(
                context,
                export,
                geometry -> {
                    ByteBuf answer = context.alloc().buffer();
                    int flags = ExportProfile.flags(geometry, structuredReplies);
                    OptionEncoder.exportName(
                            answer, geometry.sizeBytes(), flags, noZeroes ? 0 : HandshakeCodes.EXPORT_NAME_ZEROES);
                    choose(export, answer);
                    return Outcome.CHOSEN;
                },
                settled);
    }

    private void info(ChannelHandlerContext context, int option, OptionPayload payload, Consumer<Outcome> settled)
            throws MalformedOptionException {
        InfoQuery query = InfoQuery.read(payload);
        Export export = exports.find(query.exportName());
        if (export == null) {
            refuseUnknown(context, option, query.exportName());
            settled.accept(Outcome.NEXT);
            return;
        }
        onGeometry(
                context,
                export,
                geometry -> {
                    ByteBuf answer = describe(context, option, query, export, geometry);
                    if (option == HandshakeCodes.OPT_INFO) {
                        context.write(answer, context.voidPromise());
                        return Outcome.NEXT;
                    }
                    choose(export, answer);
                    return Outcome.CHOSEN;
                },
                settled);
    }

    private ByteBuf describe(
            ChannelHandlerContext context, int option, InfoQuery query, Export export, Geometry geometry) {
        ByteBuf out = context.alloc().buffer();
        OptionEncoder.infoExport(out, option, geometry.sizeBytes(), ExportProfile.flags(geometry, structuredReplies));
        OptionEncoder.infoBlockSize(
                out,
                option,
                ExportProfile.minimumBytes(geometry),
                ExportProfile.preferredBytes(geometry),
                ExportProfile.maximumBytes(geometry, export.buffers()));
        if (query.wantsName()) {
            OptionEncoder.infoText(out, option, HandshakeCodes.INFO_NAME, export.name());
        }
        if (query.wantsDescription() && !export.description().isEmpty()) {
            OptionEncoder.infoText(out, option, HandshakeCodes.INFO_DESCRIPTION, export.description());
        }
        OptionEncoder.ack(out, option);
        return out;
    }

    private void metaContexts(ChannelHandlerContext context, int option, OptionPayload payload)
            throws MalformedOptionException {
        boolean set = option == HandshakeCodes.OPT_SET_META_CONTEXT;
        if (set) {
            selection = null;
        }
        MetaContextQuery query = MetaContextQuery.read(payload);
        if (!structuredReplies) {
            throw new MalformedOptionException(
                    HandshakeCodes.REP_ERR_INVALID, "structured replies have not been negotiated");
        }
        if (exports.find(query.exportName()) == null) {
            refuseUnknown(context, option, query.exportName());
            return;
        }
        List<MetaContext> contexts = set ? query.selected() : query.listed();
        if (set) {
            selection = query;
        }
        for (MetaContext found : contexts) {
            write(context, out -> OptionEncoder.metaContext(out, option, set ? found.id() : 0, found.fullName()));
        }
        write(context, out -> OptionEncoder.ack(out, option));
    }

    private void choose(Export export, ByteBuf answer) {
        chosen = export;
        chosenAnswer = answer;
    }

    /** A selection holds only for the export that it was made for. */
    private TransmissionSettings settingsFor(String exportName) {
        MetaContextQuery current = selection;
        List<MetaContext> contexts =
                current != null && current.exportName().equals(exportName) ? current.selected() : List.of();
        return new TransmissionSettings(structuredReplies, contexts);
    }

    private static void onGeometry(
            ChannelHandlerContext context, Export export, Function<Geometry, Outcome> then, Consumer<Outcome> settled) {
        EventLoop loop = export.loop();
        if (loop.inEventLoop()) {
            settled.accept(then.apply(export.device().geometry()));
            return;
        }
        loop.execute(() -> {
            Geometry geometry = export.device().geometry();
            context.executor().execute(() -> {
                if (!context.isRemoved() && context.channel().isActive()) {
                    settled.accept(then.apply(geometry));
                }
            });
        });
    }

    private void refuseUnknown(ChannelHandlerContext context, int option, String name) {
        refuse(context, option, HandshakeCodes.REP_ERR_UNKNOWN, "there is no export \"" + name + "\"");
    }

    private static void write(ChannelHandlerContext context, Consumer<ByteBuf> encoder) {
        ByteBuf out = context.alloc().buffer();
        encoder.accept(out);
        context.write(out, context.voidPromise());
    }
}
