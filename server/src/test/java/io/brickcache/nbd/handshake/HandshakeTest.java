package io.brickcache.nbd.handshake;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.nbd.Bytes;
import io.brickcache.nbd.EmbeddedClient;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HandshakeTest {

    private static final byte[] NOTHING = {};
    private static final int EXPORT_NAME = 1;
    private static final int ABORT = 2;
    private static final int LIST = 3;
    private static final int STARTTLS = 5;
    private static final int INFO = 6;
    private static final int GO = 7;
    private static final int STRUCTURED_REPLY = 8;
    private static final int LIST_META_CONTEXT = 9;
    private static final int SET_META_CONTEXT = 10;

    private static final int ACK = 1;
    private static final int ERR_UNSUP = 0x80000001;
    private static final int ERR_INVALID = 0x80000003;
    private static final int ERR_UNKNOWN = 0x80000006;
    private static final int ERR_TOO_BIG = 0x80000009;

    /** HAS_FLAGS, FLUSH, FUA, TRIM, WRITE_ZEROES, MULTI_CONN, CACHE, FAST_ZERO. */
    private static final int FLAGS = 0b1101_0110_1101;

    private static final int DF = 1 << 7;

    private final EmbeddedClient client = new EmbeddedClient();

    @AfterEach
    void leavesNothingBehind() {
        client.close();
    }

    @Test
    void shouldAnswerWithSizeAndFlagsWhenExportNameIsSent() throws Exception {
        client.negotiate()
                .send(Bytes.option(EXPORT_NAME, Bytes.of().ascii("brick").array()));

        assertThat(client.received())
                .isEqualTo(Bytes.of().u64(EmbeddedClient.SIZE).u16(FLAGS).array());
        assertThat(client.connections.countByExport()).containsEntry("brick", 1);
    }

    @Test
    void shouldAppendZeroesWhenClientDidNotWaiveThem() throws Exception {
        client.connect()
                .send(
                        Bytes.of().u32(1).array(),
                        Bytes.option(EXPORT_NAME, Bytes.of().ascii("brick").array()));

        assertThat(client.received())
                .isEqualTo(Bytes.of()
                        .u64(EmbeddedClient.SIZE)
                        .u16(FLAGS)
                        .zeroes(124)
                        .array());
    }

    @Test
    void shouldServeOldClientWhenItOnlySendsExportName() throws Exception {
        client.connect()
                .send(
                        Bytes.of().u32(0).array(),
                        Bytes.option(EXPORT_NAME, Bytes.of().ascii("brick").array()));

        assertThat(client.received()).hasSize(8 + 2 + 124);
    }

    @Test
    void shouldCloseWhenExportNameIsUnknown() throws Exception {
        client.negotiate()
                .send(Bytes.option(EXPORT_NAME, Bytes.of().ascii("nobody").array()));

        assertThat(client.received()).isEmpty();
        assertThat(client.isClosed()).isTrue();
    }

    @Test
    void shouldDescribeExportWhenInfoAndGoAreSent() throws Exception {
        byte[] wanted =
                Bytes.of().string("brick").u16(4).u16(1).u16(2).u16(3).u16(77).array();
        client.negotiate().send(Bytes.option(INFO, wanted));

        assertThat(client.received()).isEqualTo(description(INFO, FLAGS));
        assertThat(client.connections.countByExport()).isEmpty();

        client.send(Bytes.option(GO, wanted));

        assertThat(client.received()).isEqualTo(description(GO, FLAGS));
        assertThat(client.connections.countByExport()).containsEntry("brick", 1);
    }

    @Test
    void shouldAnnounceDontFragmentWhenRepliesAreStructured() throws Exception {
        byte[] wanted = Bytes.of().string("brick").u16(2).u16(1).u16(2).array();
        client.negotiate().send(Bytes.option(STRUCTURED_REPLY, NOTHING), Bytes.option(INFO, wanted));

        assertThat(client.received())
                .isEqualTo(
                        Bytes.join(Bytes.optionReply(STRUCTURED_REPLY, ACK, NOTHING), description(INFO, FLAGS | DF)));
    }

    @Test
    void shouldListExportsWhenAsked() throws Exception {
        client.negotiate();
        client.exports.add(new Export("aside", "", client.device, client.pool, client.channel.eventLoop()));
        client.send(Bytes.option(LIST, NOTHING));

        assertThat(client.received())
                .isEqualTo(Bytes.join(
                        Bytes.optionReply(LIST, 2, Bytes.of().string("aside").array()),
                        Bytes.optionReply(
                                LIST,
                                2,
                                Bytes.of().string("brick").ascii("a brick").array()),
                        Bytes.optionReply(LIST, ACK, NOTHING)));
    }

    @Test
    void shouldAcknowledgeAndCloseWhenClientAborts() throws Exception {
        client.negotiate().send(Bytes.option(ABORT, NOTHING));

        assertThat(client.received()).isEqualTo(Bytes.optionReply(ABORT, ACK, NOTHING));
        assertThat(client.isClosed()).isTrue();
    }

    @Test
    void shouldNegotiateContextsWhenRepliesAreStructured() throws Exception {
        client.negotiate().send(Bytes.option(STRUCTURED_REPLY, NOTHING));
        client.received();

        client.send(Bytes.option(LIST_META_CONTEXT, contexts("brick")));
        assertThat(client.received())
                .isEqualTo(Bytes.join(
                        context(LIST_META_CONTEXT, 0, "base:allocation"),
                        context(LIST_META_CONTEXT, 0, "brickcache:residency"),
                        Bytes.optionReply(LIST_META_CONTEXT, ACK, NOTHING)));

        client.send(Bytes.option(LIST_META_CONTEXT, contexts("brick", "base:", "other:")));
        assertThat(client.received())
                .isEqualTo(Bytes.join(
                        context(LIST_META_CONTEXT, 0, "base:allocation"),
                        Bytes.optionReply(LIST_META_CONTEXT, ACK, NOTHING)));

        client.send(Bytes.option(SET_META_CONTEXT, contexts("brick", "brickcache:residency", "base:", "x:y")));
        assertThat(client.received())
                .isEqualTo(Bytes.join(
                        context(SET_META_CONTEXT, 2, "brickcache:residency"),
                        Bytes.optionReply(SET_META_CONTEXT, ACK, NOTHING)));
    }

    @Test
    void shouldForgetContextsWhenAnotherExportIsChosen() throws Exception {
        client.negotiate();
        client.exports.add(new Export("other", "", client.device, client.pool, client.channel.eventLoop()));
        client.send(
                Bytes.option(STRUCTURED_REPLY, NOTHING),
                Bytes.option(SET_META_CONTEXT, contexts("other", "base:allocation")),
                EmbeddedClient.go());
        client.received();

        client.send(Bytes.request(0, 7, 5, 0, 4096));

        assertThat(client.received()[7]).as("error chunk").isEqualTo((byte) 1);
        assertThat(client.device.log()).isEmpty();
    }

    @Test
    void shouldRefuseContextsWhenRepliesAreSimple() throws Exception {
        client.negotiate().send(Bytes.option(SET_META_CONTEXT, contexts("brick", "base:allocation")));

        expectError(SET_META_CONTEXT, ERR_INVALID);
    }

    @Test
    void shouldAnswerUnsupWhenOptionIsUnknown() throws Exception {
        for (int option : new int[] {STARTTLS, 11, 4, 0x7fffffff}) {
            if (option == STARTTLS) {
                client.negotiate();
            }
            client.send(Bytes.option(option, Bytes.of().ascii("payload to skip").array()));
            expectError(option, ERR_UNSUP);
        }
    }

    @Test
    void shouldAnswerUnknownWhenExportDoesNotExist() throws Exception {
        client.negotiate()
                .send(Bytes.option(GO, Bytes.of().string("nobody").u16(0).array()));
        expectError(GO, ERR_UNKNOWN);

        client.send(Bytes.option(STRUCTURED_REPLY, NOTHING));
        client.received();
        client.send(Bytes.option(LIST_META_CONTEXT, contexts("nobody")));
        expectError(LIST_META_CONTEXT, ERR_UNKNOWN);
    }

    @Test
    void shouldAnswerInvalidAndGoOnWhenPayloadIsMalformed() throws Exception {
        client.negotiate().send(Bytes.option(STRUCTURED_REPLY, NOTHING));
        client.received();
        byte[][] payloads = {
            NOTHING,
            Bytes.of().u32(5).ascii("bri").array(),
            Bytes.of().string("brick").array(),
            Bytes.of().string("brick").u16(2).u16(3).array(),
            Bytes.of().string("brick").u16(0).ascii("x").array(),
            Bytes.of().u32(2).raw((byte) 0xc3, (byte) 0x28).u16(0).array(),
            Bytes.of().u32(2).ascii("a").zeroes(1).u16(0).array(),
        };
        for (byte[] payload : payloads) {
            client.send(Bytes.option(INFO, payload));
            expectError(INFO, ERR_INVALID);
        }
        client.send(Bytes.option(LIST, Bytes.of().ascii("x").array()));
        expectError(LIST, ERR_INVALID);
        client.send(Bytes.option(STRUCTURED_REPLY, Bytes.of().ascii("x").array()));
        expectError(STRUCTURED_REPLY, ERR_INVALID);
        client.send(Bytes.option(
                SET_META_CONTEXT, Bytes.of().string("brick").u32(-1).array()));
        expectError(SET_META_CONTEXT, ERR_INVALID);

        client.send(EmbeddedClient.go());
        assertThat(client.received()).isNotEmpty();
        assertThat(client.connections.countByExport()).containsEntry("brick", 1);
    }

    @Test
    void shouldAnswerTooBigAndGoOnWhenOptionOrNameIsTooLong() throws Exception {
        client.negotiate()
                .send(Bytes.option(
                        INFO, Bytes.of().string("n".repeat(4097)).u16(0).array()));
        expectError(INFO, ERR_TOO_BIG);

        client.send(Bytes.option(LIST, new byte[(64 << 10) + 1]));
        expectError(LIST, ERR_TOO_BIG);

        client.send(
                Bytes.option(INFO, Bytes.of().string("n".repeat(4096)).u16(0).array()));
        expectError(INFO, ERR_UNKNOWN);
    }

    @ParameterizedTest
    @ValueSource(strings = {"magic", "length", "flags", "oldstyle", "name"})
    void shouldCloseWhenStreamCannotBeTrusted(String what) throws Exception {
        byte[] flags = Bytes.of().u32(3).array();
        client.connect();
        switch (what) {
            case "magic" ->
                client.send(flags, Bytes.of().ascii("IHAVEOPX").u32(LIST).u32(0).array());
            case "length" ->
                client.send(
                        flags,
                        Bytes.of()
                                .ascii("IHAVEOPT")
                                .u32(LIST)
                                .u32((1 << 20) + 1)
                                .array());
            case "flags" -> client.send(Bytes.of().u32(7).array());
            case "oldstyle" -> client.send(Bytes.of().u32(0).array(), Bytes.option(LIST, NOTHING));
            case "name" -> client.send(flags, Bytes.option(EXPORT_NAME, new byte[(64 << 10) + 1]));
            default -> throw new IllegalArgumentException(what);
        }

        assertThat(client.received()).isEmpty();
        assertThat(client.isClosed()).isTrue();
    }

    @Test
    void shouldCloseWhenTooManyOptionsAreSent() throws Exception {
        client.negotiate();
        for (int i = 0; i < HandshakeHandler.MAX_OPTIONS; i++) {
            client.send(Bytes.option(LIST, NOTHING));
        }
        assertThat(client.isClosed()).isFalse();

        client.send(Bytes.option(LIST, NOTHING));

        assertThat(client.isClosed()).isTrue();
        client.received();
    }

    @Test
    void shouldCloseWhenNoExportIsChosenInTime() throws Exception {
        client.negotiate();
        client.channel.advanceTimeBy(29, TimeUnit.SECONDS);
        client.channel.runScheduledPendingTasks();
        assertThat(client.isClosed()).isFalse();

        client.channel.advanceTimeBy(2, TimeUnit.SECONDS);
        client.channel.runScheduledPendingTasks();

        assertThat(client.isClosed()).isTrue();
    }

    @Test
    void shouldNotTimeOutWhenExportWasChosen() throws Exception {
        client.simple();
        client.channel.advanceTimeBy(1, TimeUnit.HOURS);
        client.channel.runScheduledPendingTasks();

        assertThat(client.isClosed()).isFalse();
    }

    @Test
    void shouldUnderstandWhenEveryByteComesAlone() throws Exception {
        byte[] all = Bytes.join(
                Bytes.of().u32(3).array(),
                Bytes.option(99, Bytes.of().ascii("skipped").array()),
                Bytes.option(STRUCTURED_REPLY, NOTHING),
                Bytes.option(SET_META_CONTEXT, contexts("brick", "base:allocation")),
                Bytes.option(GO, Bytes.of().string("brick").u16(2).u16(1).u16(2).array()));
        client.connect();
        for (byte b : all) {
            client.send(new byte[] {b});
        }

        byte[] received = client.received();
        byte[] end = Bytes.join(
                Bytes.optionReply(STRUCTURED_REPLY, ACK, NOTHING),
                context(SET_META_CONTEXT, 1, "base:allocation"),
                Bytes.optionReply(SET_META_CONTEXT, ACK, NOTHING),
                description(GO, FLAGS | DF));
        assertThat(received).endsWith(end);
    }

    @Test
    void shouldExecuteRequestsWhenTheyComeTogetherWithGo() throws Exception {
        client.negotiate().send(EmbeddedClient.go(), Bytes.request(0, 0, 42, 512, 1024));

        assertThat(client.received()).endsWith(Bytes.join(Bytes.simpleReply(0, 42), Bytes.content(512, 1024)));
    }

    @Test
    void shouldCloseTheOldestThatHasNotChosenWhenTooManyAreOpen() throws Exception {
        client.simple();
        EmbeddedChannels others = new EmbeddedChannels(client.connections);

        assertThat(others.open()).isTrue();
        assertThat(others.open()).isTrue();
        assertThat(others.open()).isTrue();
        assertThat(others.open()).as("the fifth of four").isTrue();
        assertThat(others.isOpen(0)).as("the oldest that has not chosen").isFalse();
        assertThat(others.isOpen(1)).isTrue();
        assertThat(client.isClosed()).isFalse();
        others.closeAll();
    }

    private void expectError(int option, int type) {
        byte[] received = client.received();
        byte[] message = Arrays.copyOfRange(received, 20, received.length);
        assertThat(received).isEqualTo(Bytes.optionReply(option, type, message));
        assertThat(message).isNotEmpty();
        assertThat(client.isClosed()).isFalse();
    }

    private static byte[] description(int option, int flags) {
        return Bytes.join(
                Bytes.optionReply(
                        option,
                        3,
                        Bytes.of().u16(0).u64(EmbeddedClient.SIZE).u16(flags).array()),
                Bytes.optionReply(
                        option,
                        3,
                        Bytes.of()
                                .u16(3)
                                .u32(512)
                                .u32(4096)
                                .u32((1 << 20) - 4096)
                                .array()),
                Bytes.optionReply(option, 3, Bytes.of().u16(1).ascii("brick").array()),
                Bytes.optionReply(option, 3, Bytes.of().u16(2).ascii("a brick").array()),
                Bytes.optionReply(option, ACK, NOTHING));
    }

    private static byte[] contexts(String export, String... queries) {
        Bytes payload = Bytes.of().string(export).u32(queries.length);
        for (String query : queries) {
            payload.string(query);
        }
        return payload.array();
    }

    private static byte[] context(int option, int id, String name) {
        return Bytes.optionReply(option, 4, Bytes.of().u32(id).ascii(name).array());
    }
}
