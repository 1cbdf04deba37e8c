package io.brickcache.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** qemu's NBD client: qemu-io and qemu-img. */
final class QemuIT extends EndToEnd {
    QemuIT(IoEngine engine) {
        super(engine);
    }

    @Test
    void shouldReadBackWhatWasWrittenWhenQemuIoMixesItsCommands() throws IOException {
        ServiceProcess service = startWithCache(16 * MIB);
        attachNewFile(service, "b", 64 * MIB);

        qemuIo(
                service,
                "write -P 0x11 0 1M",
                "write -P 0x22 4k 512",
                "write -f -P 0x33 65024 1k",
                "write -z 128k 64k",
                "write -z -u 512k 64k",
                "aio_write -P 0x44 40M 8M",
                "aio_write -P 0x55 50M 8M",
                "aio_flush",
                "discard 900k 4k",
                "flush");
        String found = qemuIo(
                service,
                "read -P 0x11 0 4k",
                "read -P 0x22 4k 512",
                "read -P 0x11 4608 60416",
                "read -P 0x33 65024 1k",
                "read -P 0x11 66048 65024",
                "read -P 0 128k 64k",
                "read -P 0x11 192k 320k",
                "read -P 0 512k 64k",
                "read -P 0x11 576k 324k",
                "read -P 0x44 40M 8M",
                "read -P 0x55 50M 8M");

        assertThat(found).doesNotContain("Pattern verification failed");
    }

    @Test
    void shouldFindNoDifferenceWhenQemuImgComparesWithTheSource() throws IOException {
        ServiceProcess service = startWithCache(16 * MIB);
        attachNewFile(service, "b", 48 * MIB);
        Path source = newFilledFile("source", 48 * MIB);

        Tool.run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", source.toString(), service.uri("b"))
                .succeeded();
        Tool.run("qemu-img", "compare", "-f", "raw", "-F", "raw", source.toString(), service.uri("b"))
                .succeeded();

        qemuIo(service, "write -P 0x66 47M 512");
        Tool.run("qemu-img", "compare", "-f", "raw", "-F", "raw", source.toString(), service.uri("b"))
                .exitedWith(1);
    }

    private static String qemuIo(ServiceProcess service, String... commands) {
        List<String> line = new ArrayList<>(List.of("qemu-io", "-f", "raw", "-t", "none"));
        for (String command : commands) {
            line.add("-c");
            line.add(command);
        }
        line.add(service.uri("b"));
        return Tool.run(line.toArray(String[]::new)).succeeded().output();
    }
}
