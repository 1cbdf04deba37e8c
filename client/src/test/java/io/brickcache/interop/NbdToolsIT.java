package io.brickcache.interop;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** libnbd's programs: nbdinfo and nbdcopy. */
final class NbdToolsIT extends EndToEnd {
    NbdToolsIT(IoEngine engine) {
        super(engine);
    }

    @Test
    void shouldTellSizeFlagsAndContextsWhenNbdinfoAsks() throws IOException {
        ServiceProcess service = startWithCache(16 * MIB);
        attachNewFile(service, "odd", 40 * MIB + 3 * 512);

        Map<?, ?> export =
                exports(Tool.run("nbdinfo", "--json", service.uri("odd"))).get(0);

        assertThat(export.get("export-size")).isEqualTo((int) (40 * MIB + 3 * 512));
        assertThat(export)
                .asInstanceOf(InstanceOfAssertFactories.map(String.class, Object.class))
                .containsEntry("is_read_only", false)
                .containsEntry("can_flush", true)
                .containsEntry("can_fua", true)
                .containsEntry("can_trim", true)
                .containsEntry("can_zero", true)
                .containsEntry("can_cache", true)
                .containsEntry("can_df", true)
                .containsEntry("can_multi_conn", true)
                .containsEntry("block_size_minimum", 512)
                .containsEntry("block_size_preferred", 4096)
                .containsEntry("block_size_maximum", (int) (32 * MIB));
        assertThat(String.valueOf(export.get("contexts"))).contains("base:allocation", "brickcache:residency");
    }

    @Test
    void shouldListEveryExportWhenNbdinfoAsksForTheList() throws IOException {
        ServiceProcess service = startWithCache(16 * MIB);
        attachNewFile(service, "first", MIB);
        attachNewFile(service, "second", 2 * MIB);

        List<Map<?, ?>> exports = exports(Tool.run("nbdinfo", "--json", "--list", service.uri("")));

        assertThat(exports)
                .extracting(export -> (Object) export.get("export-name"))
                .containsExactly("first", "second");
    }

    @Test
    void shouldServeEveryAddressWhenItTellsThem() throws IOException {
        ServiceProcess service = startWithCache(16 * MIB);
        attachNewFile(service, "b", MIB);

        List<String> uris = service.admin().brick("b").getExportUrisList();

        assertThat(uris).hasSize(2).anyMatch(uri -> uri.startsWith("nbd://"));
        for (String uri : uris) {
            assertThat(Tool.run("nbdinfo", "--size", uri).succeeded().output().strip())
                    .isEqualTo("1048576");
        }
    }

    @Test
    void shouldRefuseWhenTheExportIsUnknown() throws IOException {
        ServiceProcess service = startWithCache(16 * MIB);

        assertThat(Tool.run("nbdinfo", service.uri("nothing")).exitCode()).isNotZero();
    }

    @Test
    void shouldTellWhatIsCachedWhenNbdinfoAsksForTheMap() throws IOException {
        ServiceProcess service =
                startWithCache(16 * MIB, "cache: {max_dirty_age: 1h, idle_delay: 1h, dirty_low: 90%, dirty_high: 95%}");
        attachNewFile(service, "b", 8 * MIB);
        Tool.run("nbdsh", "-u", service.uri("b"), "-c", "h.pwrite(b'brickcache' * 32768, 1 << 20); h.flush()")
                .succeeded();

        String map = Tool.run("nbdinfo", "--map=brickcache:residency", service.uri("b"))
                .succeeded()
                .output();

        assertThat(map.lines().map(line -> line.strip().split(" +")))
                .extracting(columns -> columns[0] + "+" + columns[1])
                .containsExactly("0+1048576", "1048576+327680", "1376256+7012352");
    }

    @Test
    void shouldGiveBackEveryByteWhenNbdcopyCopiesInAndOut() throws IOException {
        // Larger than the cache: parts go through the SSD, parts around it.
        ServiceProcess service = startWithCache(16 * MIB);
        attachNewFile(service, "b", 64 * MIB);
        Path source = newFilledFile("source", 64 * MIB);
        Path target = newFile("target", 64 * MIB);

        Tool.run("nbdcopy", "--flush", source.toString(), service.uri("b")).succeeded();
        Tool.run("nbdcopy", service.uri("b"), target.toString()).succeeded();

        assertThat(Files.mismatch(source, target)).isEqualTo(-1);
    }

    @SuppressWarnings("unchecked")
    private static List<Map<?, ?>> exports(Outcome nbdinfo) {
        // JSON is YAML.
        Object document = new Load(LoadSettings.builder().build())
                .loadFromString(nbdinfo.succeeded().output());
        return (List<Map<?, ?>>) requireNonNull(((Map<?, ?>) document).get("exports"));
    }
}
