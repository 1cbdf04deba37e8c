package io.brickcache.interop;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every command and every published error through libnbd; the scripts are nbdsh's, beside this class's resources. */
final class NbdCommandsIT extends EndToEnd {
    NbdCommandsIT(IoEngine engine) {
        super(engine);
    }

    @ParameterizedTest
    @ValueSource(strings = {"commands.py", "contexts.py", "errors.py", "negotiation.py"})
    void shouldAnswerAsPublishedWhenNbdshRuns(String script) throws IOException {
        ServiceProcess service =
                startWithCache(16 * MIB, "cache: {max_dirty_age: 1h, idle_delay: 1h, dirty_low: 90%, dirty_high: 95%}");
        attachNewFile(service, "b", 64 * MIB + 512);

        Tool.run(Map.of("NBD_URI", service.uri("b")), read(script), List.of("nbdsh", "-c", "-"))
                .succeeded();
    }

    private static String read(String script) throws IOException {
        try (InputStream in = NbdCommandsIT.class.getResourceAsStream(script)) {
            if (in == null) {
                throw new IOException("no resource " + script);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
