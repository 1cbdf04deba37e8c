package io.brickcache.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.interop.NbdClient.Request;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The data area is changed behind the back of the service, as a failing SSD does it. */
final class DamagedSsdIT extends EndToEnd {
    private static final String NO_DEMOTION =
            "cache: {dirty_low: 98%, dirty_high: 99%, max_dirty_age: 24h, idle_delay: 24h}";
    private static final int BLOCK = 4096;
    private static final long BRICK_BYTES = 8 * MIB;

    DamagedSsdIT(IoEngine engine) {
        super(engine);
    }

    @Test
    void shouldHealSilentlyWhenCleanBlocksAreDamaged() throws IOException {
        ServiceProcess service = startWithCache(16 * MIB, NO_DEMOTION);
        Path disk = newFilledFile("b.img", BRICK_BYTES);
        service.admin().attachBrick("b", CACHE, disk);
        byte[] content = new byte[16 * BLOCK];
        try (NbdClient client = service.connect("b")) {
            client.call(Request.read(0, content.length)).data().get(content);
            awaitCached(service, content.length);
            damage(content, 3);
            damage(content, 9);

            byte[] again = new byte[content.length];
            client.call(Request.read(0, 8 * BLOCK)).data().get(again, 0, 8 * BLOCK);
            assertThat(Arrays.copyOf(again, 8 * BLOCK)).isEqualTo(Arrays.copyOf(content, 8 * BLOCK));

            // The other one is found by the scrub.
            Outcome scrub = service.cli("-o", "json", "cache", "scrub", CACHE).succeeded();
            assertThat(scrub.output()).contains("\"healed_blocks\": 1", "\"lost_blocks\": 0");
            client.call(Request.read(0, content.length)).data().get(again);
            assertThat(again).isEqualTo(content);
        }
        assertThat(service.cli("brick", "lost", "b").succeeded().output().lines())
                .hasSize(1);
        assertThat(service.cli("-o", "json", "cache", "show", CACHE).succeeded().output())
                .contains("last_scrub_time");
    }

    @Test
    void shouldFailOneBlockAloneWhenADirtyBlockIsDamaged() throws IOException {
        ServiceProcess service = startWithCache(16 * MIB, NO_DEMOTION);
        Path disk = newFilledFile("b.img", BRICK_BYTES);
        service.admin().attachBrick("b", CACHE, disk);
        byte[] content = new byte[16 * BLOCK];
        new Random(5).nextBytes(content);
        try (NbdClient client = service.connect("b")) {
            client.call(Request.write(0, 0, ByteBuffer.wrap(content)));
            client.call(Request.flush());
        }
        damage(content, 3);

        Outcome lost = service.cli("cache", "scrub", CACHE).exitedWith(1);
        assertThat(lost.errors()).contains("1 block that only the SSD had is lost");
        assertThat(service.cli("brick", "lost", "b").succeeded().output()).contains("12288", "4096", "checksum");
        assertThat(service.cli("status").succeeded().output()).startsWith("data lost: 4 KiB cannot be read");
        assertThat(qemuIo(service, "read 12k 4k")).contains("read failed: Input/output error");
        assertThat(qemuIo(service, "read 12800 512")).contains("read failed: Input/output error");
        assertReads(service, 0, Arrays.copyOf(content, 3 * BLOCK));
        assertReads(service, 4 * BLOCK, Arrays.copyOfRange(content, 4 * BLOCK, content.length));

        // Everything else goes to the disk; what is lost is named, and is still known after a kill.
        assertThat(service.cli("brick", "flush", "b").exitedWith(4).errors()).contains("1 block is lost (4096 bytes)");
        assertThat(service.cli("brick", "detach", "b", "--flush").exitedWith(4).errors())
                .contains("--give-up-lost");
        service.kill();
        service.restart();
        assertThat(service.admin().brick("b").getLostBlocks()).isEqualTo(1);
        assertThat(service.admin().brick("b").getDirtyBytes()).isEqualTo(BLOCK);

        // Half of it is overwritten: the other half must not turn into what the disk has.
        assertThat(qemuIo(service, "write -P 0x77 12k 2k", "read -P 0x77 12k 2k"))
                .doesNotContain("failed");
        assertThat(qemuIo(service, "read 14k 2k")).contains("read failed: Input/output error");
        assertThat(service.cli("brick", "lost", "b").succeeded().output()).contains("14336", "2048", "gone");
        assertThat(qemuIo(service, "write -P 0x77 14k 2k", "flush", "read -P 0x77 12k 4k"))
                .doesNotContain("failed");
        assertThat(service.admin().brick("b").getLostBlocks()).isZero();
        service.cli("brick", "detach", "b", "--flush").succeeded();
    }

    @Test
    void shouldLetTheOlderContentBeValidWhenWhatIsLostIsGivenUp() throws IOException {
        ServiceProcess service = startWithCache(16 * MIB, NO_DEMOTION);
        Path disk = newFilledFile("b.img", BRICK_BYTES);
        byte[] older = bytesAt(disk, 3 * BLOCK, BLOCK);
        service.admin().attachBrick("b", CACHE, disk);
        byte[] content = new byte[8 * BLOCK];
        new Random(6).nextBytes(content);
        try (NbdClient client = service.connect("b")) {
            client.call(Request.write(0, 0, ByteBuffer.wrap(content)));
            client.call(Request.flush());
        }
        damage(content, 3);

        service.cli("brick", "detach", "b", "--flush").exitedWith(4);
        service.cli("brick", "detach", "b", "--flush", "--give-up-lost").succeeded();

        assertThat(bytesAt(disk, 0, 3 * BLOCK)).isEqualTo(Arrays.copyOf(content, 3 * BLOCK));
        assertThat(bytesAt(disk, 3 * BLOCK, BLOCK)).isEqualTo(older);
        assertThat(bytesAt(disk, 4 * BLOCK, 4 * BLOCK)).isEqualTo(Arrays.copyOfRange(content, 4 * BLOCK, 8 * BLOCK));
    }

    private static void assertReads(ServiceProcess service, long offset, byte[] expected) throws IOException {
        byte[] found = new byte[expected.length];
        try (NbdClient client = service.connect("b")) {
            client.call(Request.read(offset, expected.length)).data().get(found);
        }
        assertThat(found).isEqualTo(expected);
    }

    private static byte[] bytesAt(Path file, long offset, int length) throws IOException {
        byte[] bytes = new byte[length];
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "r")) {
            open.seek(offset);
            open.readFully(bytes);
        }
        return bytes;
    }

    /** Turns a bit of the slot that holds block {@code i} of the content. */
    private void damage(byte[] content, int i) throws IOException {
        byte[] block = Arrays.copyOfRange(content, i * BLOCK, (i + 1) * BLOCK);
        byte[] slot = new byte[BLOCK];
        try (RandomAccessFile area =
                new RandomAccessFile(directory().resolve("ssd/data").toFile(), "rw")) {
            for (long at = MIB; at < area.length(); at += BLOCK) {
                area.seek(at);
                area.readFully(slot);
                if (Arrays.equals(slot, block)) {
                    area.seek(at + 100);
                    area.write(slot[100] ^ 1);
                    area.getFD().sync();
                    return;
                }
            }
        }
        throw new AssertionError("block " + i + " is in no slot");
    }

    /** A promotion goes on after the answer. */
    private static void awaitCached(ServiceProcess service, long bytes) {
        long deadlineNs = System.nanoTime() + 60_000_000_000L;
        while (service.admin().brick("b").getCachedBytes() < bytes) {
            assertThat(System.nanoTime()).isLessThan(deadlineNs);
            Thread.onSpinWait();
        }
    }

    /** What qemu-io says, however it ends. */
    private static String qemuIo(ServiceProcess service, String... commands) {
        List<String> line = new ArrayList<>(List.of("qemu-io", "-f", "raw", "-t", "none"));
        for (String command : commands) {
            line.add("-c");
            line.add(command);
        }
        line.add(service.uri("b"));
        Outcome outcome = Tool.run(line.toArray(String[]::new));
        return outcome.output() + outcome.errors();
    }
}
