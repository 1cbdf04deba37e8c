package io.brickcache.nbd.interop;

import static org.assertj.core.api.Assertions.assertThat;

import io.brickcache.nbd.Bytes;
import io.brickcache.nbd.ServerFixture;
import io.brickcache.nbd.Transport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The server with clients written by others; the export is on another loop than the listener. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class NbdToolsIT {

    @TempDir
    private Path directory;

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldDescribeExportWhenNbdinfoAsks(Transport transport) throws Exception {
        try (ServerFixture fixture = new ServerFixture(transport, directory, 16)) {
            String info = Tool.run(directory, "nbdinfo", uri(fixture, "unix"));
            assertThat(info)
                    .contains("protocol: newstyle-fixed without TLS, using structured packets")
                    .contains("export-size: " + ServerFixture.SIZE)
                    .contains("description: on the far loop")
                    .contains("base:allocation", "brickcache:residency")
                    .contains("is_read_only: false")
                    .contains("can_cache: true", "can_df: true", "can_fast_zero: true", "can_flush: true")
                    .contains("can_fua: true", "can_multi_conn: true", "can_trim: true", "can_zero: true")
                    .contains("block_size_minimum: 512", "block_size_preferred: 4096", "block_size_maximum: 33554432");

            String list = Tool.run(directory, "nbdinfo", "--list", "nbd+unix:///?socket=" + fixture.socket);
            assertThat(list).contains("export=\"far\"", "export=\"near\"");

            String map = Tool.run(directory, "nbdinfo", "--map", uri(fixture, "tcp"));
            assertThat(map.lines()).hasSize(ServerFixture.SIZE >> 16);
            assertThat(map.lines().toList().get(1).trim().split("\\s+"))
                    .containsExactly("65536", "65536", "3", "hole,zero");
            String residency = Tool.run(directory, "nbdinfo", "--map=brickcache:residency", uri(fixture, "tcp"));
            assertThat(residency.lines().toList().get(2).trim()).matches("131072\\s+65536\\s+2.*");
        }
    }

    @ParameterizedTest
    @CsvSource({"IO_URING, unix", "IO_URING, tcp", "EPOLL, unix", "EPOLL, tcp"})
    void shouldCopyEveryByteWhenNbdcopyAndQemuImgRun(Transport transport, String socket) throws Exception {
        try (ServerFixture fixture = new ServerFixture(transport, directory, 16)) {
            byte[] data = Bytes.content(987_654_321, ServerFixture.SIZE);
            Path source = Files.write(directory.resolve("source.raw"), data);
            Path copy = directory.resolve("copy.raw");
            String uri = uri(fixture, socket);

            Tool.run(directory, "nbdcopy", "--flush", source.toString(), uri);
            assertThat(Arrays.equals(fixture.far.content(), data))
                    .as("what was copied in")
                    .isTrue();

            Tool.run(directory, "nbdcopy", "--no-extents", "--connections=4", "--requests=32", uri, copy.toString());
            assertThat(Files.mismatch(source, copy)).as("what was copied out").isEqualTo(-1);

            Tool.run(directory, "qemu-img", "compare", "-f", "raw", "-F", "raw", source.toString(), uri);
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldPassVerificationWhenQemuIoWrites(Transport transport) throws Exception {
        try (ServerFixture fixture = new ServerFixture(transport, directory, 16)) {
            String uri = uri(fixture, "unix");
            String output = Tool.run(
                    directory,
                    "qemu-io",
                    "-f",
                    "raw",
                    "-c",
                    "write -P 0xa5 512 1M",
                    "-c",
                    "write -f -P 0x5a 3M 7k",
                    "-c",
                    "write -z -u 1M 64k",
                    "-c",
                    "discard 8M 1M",
                    "-c",
                    "flush",
                    "-c",
                    "read -P 0xa5 512 1023k",
                    "-c",
                    "read -P 0 1M 64k",
                    "-c",
                    "read -P 0x5a 3M 7k",
                    "-c",
                    "aio_write -P 7 16M 24M",
                    "-c",
                    "aio_flush",
                    "-c",
                    "read -P 7 16M 24M",
                    uri);
            assertThat(output).doesNotContain("Pattern verification failed", "error", "failed");
        }
    }

    @ParameterizedTest
    @CsvSource({"IO_URING, unix", "EPOLL, tcp"})
    void shouldVerifyWhenFioWritesAtRandom(Transport transport, String socket) throws Exception {
        try (ServerFixture fixture = new ServerFixture(transport, directory, 16)) {
            Tool.run(
                    directory,
                    "fio",
                    "--name=verify",
                    "--ioengine=nbd",
                    "--uri=" + uri(fixture, socket),
                    "--rw=randwrite",
                    "--bsrange=4k-128k",
                    "--blockalign=4k",
                    "--iodepth=32",
                    "--size=48M",
                    "--verify=crc32c",
                    "--verify_fatal=1",
                    "--fsync=64");
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void shouldGivePublishedErrorsWhenNbdshBreaksTheRules(Transport transport) throws Exception {
        try (ServerFixture fixture = new ServerFixture(transport, directory, 16)) {
            assertThat(Tool.run(directory, "nbdsh", "-u", uri(fixture, "unix"), "-c", ERRORS))
                    .endsWith("all as published\n");
            assertThat(Tool.run(directory, "nbdsh", "--base-allocation", "-u", uri(fixture, "tcp"), "-c", COMMANDS))
                    .endsWith("all commands\n");
        }
    }

    private static final String ERRORS = """
            import errno
            h.set_strict_mode(0)
            size = h.get_size()
            def expect(number, call):
                try:
                    call()
                except nbd.Error as e:
                    assert e.errnum == number, (e.errnum, number, e.string)
                else:
                    raise AssertionError("no error where %d belongs" % number)
            expect(errno.EINVAL, lambda: h.pread(512, size))
            expect(errno.EINVAL, lambda: h.pread(1, 0))
            expect(errno.EINVAL, lambda: h.pread(512, 0, 0x8000))
            expect(errno.ENOSPC, lambda: h.pwrite(b"x" * 512, size))
            expect(errno.EINVAL, lambda: h.pwrite(b"x" * 100, 0))
            expect(errno.EINVAL, lambda: h.pwrite(b"", 0))
            expect(errno.ENOSPC, lambda: h.zero(1024, size - 512))
            expect(errno.EINVAL, lambda: h.trim(1024, size - 512))
            expect(errno.EINVAL, lambda: h.trim(0, 0))
            expect(errno.EINVAL, lambda: h.cache(512, size))
            expect(errno.EINVAL, lambda: h.block_status(512, 0, lambda *a: 0))
            assert len(h.pread(4096, size - 4096)) == 4096
            print("all as published")
            """;

    private static final String COMMANDS = """
            data = bytes((i * 37 + (i >> 8)) & 255 for i in range(70000 // 512 * 512))
            h.pwrite(data, 1536, nbd.CMD_FLAG_FUA)
            assert h.pread(len(data), 1536) == data
            assert h.pread(len(data), 1536, nbd.CMD_FLAG_DF) == data
            h.zero(4096, 1536, nbd.CMD_FLAG_NO_HOLE | nbd.CMD_FLAG_FAST_ZERO)
            assert h.pread(4096, 1536) == bytes(4096)
            h.trim(65536, 1 << 20, nbd.CMD_FLAG_FUA)
            h.cache(1 << 20, 0)
            h.flush()
            found = []
            h.block_status(1 << 20, 0, lambda name, offset, extents, error: found.append((name, len(extents))))
            assert found == [("base:allocation", 32)], found
            found.clear()
            h.block_status(1 << 20, 0, lambda name, offset, extents, error: found.append(extents), nbd.CMD_FLAG_REQ_ONE)
            assert found == [[65536, 0]], found
            cookies = [h.aio_pread(nbd.Buffer(4096), 4096 * i) for i in range(500)]
            while cookies:
                h.poll(-1)
                cookies = [c for c in cookies if not h.aio_command_completed(c)]
            h.shutdown()
            print("all commands")
            """;

    private static String uri(ServerFixture fixture, String socket) {
        return socket.equals("unix")
                ? "nbd+unix:///far?socket=" + fixture.socket
                : "nbd://127.0.0.1:" + fixture.port() + "/far";
    }
}
