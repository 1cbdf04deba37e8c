package io.brickcache.interop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The packaged CLI on the real service: what it says, and the exit codes scripts rely on. */
final class CommandLineIT extends EndToEnd {
    private static final String NO_DEMOTION =
            "cache: {dirty_low: 98%, dirty_high: 99%, max_dirty_age: 24h, idle_delay: 24h}";

    CommandLineIT(IoEngine engine) {
        super(engine);
    }

    @Test
    void shouldGoFromNothingToABrickAndBackWhenUsedAsDocumented() throws IOException {
        ServiceProcess service = start(NO_DEMOTION);
        Path disk = newFile("disk.img", 8 * MIB);
        Path data = newFilledFile("data", 2 * MIB);
        String ssd = directory().resolve("ssd").toString();

        service.cli("cache", "create", "ssd1", "--directory", ssd, "--size", "16MiB")
                .succeeded();
        service.cli("brick", "attach", "b", "--cache", "ssd1", "--device", disk.toString())
                .succeeded();
        assertThat(service.cli("cache", "list").succeeded().output()).contains("ssd1");
        assertThat(service.cli("cache", "show", "ssd1").succeeded().output()).contains("ssd1");
        assertThat(service.cli("brick", "list").succeeded().output()).contains("b");
        assertThat(service.cli("brick", "show", "b").succeeded().output()).contains(disk.toString());

        Tool.run("nbdcopy", "--flush", data.toString(), service.uri("b")).succeeded();
        assertThat(service.cli("status").succeeded().output()).contains("b");
        assertThat(service.cli("-o", "json", "status").succeeded().output()).startsWith("{");

        // Refused while there is dirty data, and nothing has changed by that.
        assertThat(service.cli("brick", "detach", "b").exitedWith(4).errors()).contains("b", "--flush");
        service.cli("cache", "delete", "ssd1", "--yes").exitedWith(4);
        assertThat(service.admin().brick("b").getDirtyBytes()).isPositive();

        service.cli("brick", "flush", "b").succeeded();
        assertThat(service.admin().brick("b").getDirtyBytes()).isZero();
        service.cli("brick", "detach", "b").succeeded();
        assertThat(Files.mismatch(data, disk)).as("first difference").isEqualTo(2 * MIB);
        service.cli("cache", "delete", "ssd1", "--yes").succeeded();
        assertThat(service.cli("cache", "list").succeeded().output()).doesNotContain("ssd1");
    }

    @Test
    void shouldDemoteFirstWhenDetachIsToFlush() throws IOException {
        ServiceProcess service = startWithCache(16 * MIB, NO_DEMOTION);
        Path disk = attachNewFile(service, "b", 2 * MIB);
        Path data = newFilledFile("data", 2 * MIB);
        Tool.run("nbdcopy", "--flush", data.toString(), service.uri("b")).succeeded();

        service.cli("brick", "detach", "b", "--flush").succeeded();

        assertThat(Files.mismatch(data, disk)).isEqualTo(-1);
        assertThat(Tool.run("nbdinfo", service.uri("b")).exitCode()).isNotZero();
    }

    @Test
    void shouldExitAsDocumentedWhenRefused() throws IOException {
        ServiceProcess service = startWithCache(16 * MIB);
        Path disk = attachNewFile(service, "b", MIB);

        service.cli("no-such-command").exitedWith(2);
        service.cli("brick", "attach", "c", "--cache", CACHE).exitedWith(2);
        assertThat(service.cli("brick", "show", "nothing").exitedWith(3).errors())
                .contains("nothing");
        service.cli("cache", "show", "nothing").exitedWith(3);
        service.cli("brick", "attach", "c", "--cache", "nothing", "--device", disk.toString())
                .exitedWith(3);
        // The name is taken; the device is in use.
        service.cli(
                        "brick",
                        "attach",
                        "b",
                        "--cache",
                        CACHE,
                        "--device",
                        newFile("d", MIB).toString())
                .exitedWith(4);
        service.cli("brick", "attach", "c", "--cache", CACHE, "--device", disk.toString())
                .exitedWith(4);
        // No terminal to ask at.
        service.cli("cache", "delete", CACHE).exitedWith(2);
    }

    @Test
    void shouldSimulateATraceWithTheEngineOfItsOwnPackage() throws Exception {
        ServiceProcess service = start();
        service.terminate();
        Path trace = directory().resolve("trace.csv");
        Files.writeString(
                trace, "time_us,op,offset,length\n0,W,0,1048576\n500000,R,4096,4096\n900000,R,8388608,4096\n");

        Outcome ran =
                service.cli("simulate", trace.toString(), "--cache", "8MiB").succeeded();

        assertThat(ran.output()).contains("demoted blocks").contains("write-back");
        // Nothing else than the table: no complaint of a library that has been left out.
        assertThat(ran.errors()).isEmpty();
    }

    @Test
    void shouldExitWithUnreachableWhenNoServiceRuns() throws Exception {
        ServiceProcess service = start();

        service.terminate();

        service.cli("status").exitedWith(5);
    }
}
