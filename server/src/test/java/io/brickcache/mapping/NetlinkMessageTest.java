package io.brickcache.mapping;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.brickcache.mapping.NetlinkReply.Attribute;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes as they were made by hand of linux/netlink.h, linux/genetlink.h and linux/nbd-netlink.h, on little-endian machines. */
class NetlinkMessageTest {

    private static final DeviceSpec SPEC =
            new DeviceSpec("brickcache/b1", 1L << 30, 512, 0x56d, Duration.ofSeconds(15), Duration.ofMinutes(5));

    private static String hex(NetlinkMessage message) {
        return HexFormat.of().formatHex(message.encode(7));
    }

    @Test
    void shouldAskForTheFamilyByName() {
        assertThat(hex(NetlinkDriver.familyRequest()))
                .isEqualTo("1c00000010000500070000000000000003010000" + "080002006e626400");
    }

    @Test
    void shouldTellTheKernelEverythingWhenADeviceIsConnected() {
        assertThat(hex(NetlinkDriver.connectRequest(29, -1, SPEC, List.of(41, 42))))
                .isEqualTo("800000001d00050007000000000000000101" + "0000"
                        + "0c0003000002000000000000" // block size 512
                        + "0c0005006d05000000000000" // flags
                        + "0c0002000000004000000000" // 1 GiB
                        + "0c0004000f00000000000000" // 15 s
                        + "0c0008002c01000000000000" // 300 s
                        + "12000a00627269636b63616368652f6231000000" // backend, padded
                        + "1c000780" // sockets, nested
                        + "0c0001800800010029000000"
                        + "0c000180080001002a000000");
    }

    @Test
    void shouldNameTheDeviceWhenItIsGivenNewConnections() {
        assertThat(hex(NetlinkDriver.reconfigureRequest(29, 3, SPEC, List.of())))
                .startsWith("540000001d0005000700000000000000030100000800010003000000")
                .doesNotContain("0780");
    }

    @Test
    void shouldTellMessagesAndErrorApartWhenTheKernelAnswers() {
        byte[] datagram = HexFormat.of()
                .parseHex("1c0000001d00000007000000d2040000" + "01010000" + "0800010005000000" // device 5
                        + "2400000002000000" + "07000000d2040000" + "f0ffffff" // -16
                        + "100000001d0005000700000000000000");
        List<NetlinkReply> replies = NetlinkReply.parse(datagram, datagram.length);

        assertThat(replies).hasSize(2);
        Attribute index =
                Objects.requireNonNull(NetlinkReply.find(replies.get(0).attributes(), NetlinkDriver.INDEX));
        assertThat(index.u32()).isEqualTo(5);
        assertThat(replies.get(0).sequence()).isEqualTo(7);
        assertThat(replies.get(1).isAcknowledgement()).isTrue();
        assertThat(replies.get(1).error()).isEqualTo(16);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "0b0000001d000000", "0f0000001d0000000700000000000000", "ff0000001d0000000700000000000000"})
    void shouldRefuseWhatIsNotAMessage(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        if (bytes.length < NetlinkMessage.HEADER_BYTES) {
            assertThat(NetlinkReply.parse(bytes, bytes.length)).isEmpty();
        } else {
            assertThatThrownBy(() -> NetlinkReply.parse(bytes, bytes.length))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"03000100", "0c00010005000000", "0600010005000000"})
    void shouldNotReadPastTheEndWhenAnAttributeLies(String attribute) {
        byte[] body = HexFormat.of().parseHex("01010000" + attribute);
        ByteBuffer datagram = ByteBuffer.allocate(16 + body.length).order(ByteOrder.nativeOrder());
        datagram.putInt(16 + body.length)
                .putShort((short) 29)
                .putShort((short) 0)
                .putInt(7)
                .putInt(0)
                .put(body);
        NetlinkReply reply =
                NetlinkReply.parse(datagram.array(), datagram.capacity()).get(0);

        assertThatThrownBy(() -> reply.attributes().get(0).u32()).isInstanceOf(IllegalArgumentException.class);
    }
}
