package io.brickcache.interop;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** fio writes data that tells its place, and verifies it; several jobs, each with a connection and a range of its own. */
final class FioIT extends EndToEnd {
    private static final String CONFIG =
            "cache: {commit_interval: 100ms, dirty_low: 10%, dirty_high: 40%, max_dirty_age: 1s}";

    FioIT(IoEngine engine) {
        super(engine);
    }

    @Test
    void shouldVerifyWhenFioWritesAtRandomBeyondTheCache() throws IOException {
        ServiceProcess service = startWithCache(32 * MIB, CONFIG);
        attachNewFile(service, "b", 128 * MIB);

        fio(
                service,
                "--rw=randwrite",
                "--bssplit=4k/60:512/5:3584/5:16k/20:128k/10",
                "--blockalign=512",
                "--verify=crc32c",
                "--iodepth=16",
                "--fsync=64");
    }

    @Test
    void shouldVerifyWhenFioWritesInSequenceBeyondTheCache() throws IOException {
        ServiceProcess service = startWithCache(32 * MIB, CONFIG);
        attachNewFile(service, "b", 128 * MIB);

        fio(
                service,
                "--rw=write",
                "--bs=256k",
                "--verify=pattern",
                "--verify_pattern=%o",
                "--verify_interval=512",
                "--iodepth=8");
    }

    @Test
    void shouldVerifyWhenFioReadsBackWhileItWrites() throws IOException {
        ServiceProcess service = startWithCache(32 * MIB, CONFIG);
        attachNewFile(service, "b", 128 * MIB);

        fio(service, "--rw=randwrite", "--bs=4k", "--verify=crc32c", "--verify_backlog=64", "--iodepth=32");
    }

    private static void fio(ServiceProcess service, String... options) {
        List<String> command = new ArrayList<>(List.of(
                "fio",
                "--name=job",
                "--ioengine=nbd",
                "--uri=" + service.uri("b"),
                "--numjobs=4",
                "--size=32m",
                "--offset_increment=32m",
                "--do_verify=1",
                "--verify_fatal=1",
                "--randrepeat=0",
                "--thread"));
        command.addAll(List.of(options));
        Tool.run(Map.of(), "", command).succeeded();
    }
}
