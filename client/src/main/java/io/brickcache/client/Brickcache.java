package io.brickcache.client;

import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The command itself: the options that every subcommand takes, and what they amount to. */
@Command(
        name = "brickcache",
        description = "Looks after the SSD caches and bricks of this node.",
        synopsisSubcommandLabel = "COMMAND",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done",
            "1:failed",
            "2:wrong usage",
            "3:not found",
            "4:refused by the state of the thing: dirty, in use, busy, there already",
            "5:daemon unreachable",
            "6:timed out"
        })
final class Brickcache {
    static final String ENDPOINT_VARIABLE = "BRICKCACHE_ENDPOINT";

    private static final String DEFAULT_ENDPOINT = "unix:/run/brickcache/admin.sock";
    private static final String SCHEME = "unix:";

    private final Shell shell;

    @Option(
            names = "--endpoint",
            paramLabel = "unix:PATH",
            scope = ScopeType.INHERIT,
            description = "Socket of the daemon. Default: $" + ENDPOINT_VARIABLE + ", then " + DEFAULT_ENDPOINT)
    private @Nullable String endpoint;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            scope = ScopeType.INHERIT,
            defaultValue = "table",
            description = "How data is written: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}")
    private Output output = Output.TABLE;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            scope = ScopeType.INHERIT,
            defaultValue = "5s",
            description = "How long to wait for an answer; long work with progress has no limit."
                    + " Default: ${DEFAULT-VALUE}")
    private Duration timeout = Duration.ofSeconds(5);

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Shows this help.")
    @SuppressWarnings("UnusedVariable") // picocli acts on it
    private boolean help;

    Brickcache(Shell shell) {
        this.shell = shell;
    }

    Shell shell() {
        return shell;
    }

    /** Runs a piece of work with a connection to the daemon. */
    int withDaemon(Function<Daemon, ExitCode> work) {
        try (Daemon daemon = Daemon.at(socket(), timeout)) {
            return work.apply(daemon).number();
        }
    }

    private Path socket() {
        String address =
                endpoint != null ? endpoint : shell.environment().getOrDefault(ENDPOINT_VARIABLE, DEFAULT_ENDPOINT);
        if (!address.startsWith(SCHEME) || address.length() == SCHEME.length()) {
            throw new Failure(ExitCode.USAGE, "'" + address + "' is no endpoint; use one like " + DEFAULT_ENDPOINT);
        }
        return Path.of(address.substring(SCHEME.length())).toAbsolutePath();
    }

    /** Writes data to stdout: {@code table}, or {@code json} in JSON. */
    ExitCode print(@Nullable Object json, Runnable table) {
        if (output == Output.JSON) {
            shell.out().println(Json.of(json));
        } else {
            table.run();
        }
        return ExitCode.DONE;
    }

    /** Writes a table to stdout, or {@code json} in JSON. */
    ExitCode print(@Nullable Object json, Table table) {
        return print(json, () -> table.print(shell.out(), shell.columns()));
    }

    /** Writes {@code json} to stdout if JSON is wanted; otherwise only says what was done. */
    ExitCode report(@Nullable Object json, String done) {
        return print(json, () -> shell.say(done));
    }
}
