package io.brickcache.client;

import io.brickcache.admin.v1.GetStatusRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;

/** {@code brickcache version} */
@Command(name = "version", description = "Shows the version of this client and, if it answers, of the daemon.")
final class VersionCommand implements Callable<Integer> {
    private final Brickcache root;

    VersionCommand(Brickcache root) {
        this.root = root;
    }

    @Override
    public Integer call() {
        return root.withDaemon(daemon -> {
            String client = clientVersion();
            String server = serverVersion(daemon);
            Map<String, @Nullable Object> json = new LinkedHashMap<>();
            json.put("client_version", client);
            json.put("daemon_version", server);
            Table table = Table.ofFields().row("brickcache", client);
            return root.print(json, server == null ? table : table.row("brickcached", server));
        });
    }

    /** Null, and a word about it, if the daemon does not answer: the client's version is of use without it. */
    private @Nullable String serverVersion(Daemon daemon) {
        try {
            return daemon.ask(() -> daemon.node().getStatus(GetStatusRequest.getDefaultInstance()))
                    .getNode()
                    .getVersion();
        } catch (Failure e) {
            root.shell().say(e.getMessage());
            return null;
        }
    }

    static String clientVersion() {
        try (InputStream file =
                Objects.requireNonNull(VersionCommand.class.getResourceAsStream("version.txt"), "version.txt")) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
