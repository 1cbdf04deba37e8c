package io.brickcache.app;

import io.brickcache.admin.AdminServer;
import io.brickcache.config.Config;
import io.brickcache.config.ConfigException;
import io.brickcache.config.ConfigLoader;
import io.brickcache.env.SecureEntropy;
import io.brickcache.env.SystemClock;
import io.brickcache.mapping.NbdDevices;
import io.brickcache.mapping.NetlinkDriver;
import io.brickcache.nbd.NbdServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * The process {@code brickcached}: arguments, configuration, node, signals. Exit codes: 0 done, 1 failed, 2 usage.
 */
@Command(
        name = "brickcached",
        description = "An SSD block cache in front of brick disks, served over NBD.",
        versionProvider = Main.Version.class,
        sortOptions = false)
public final class Main implements Callable<Integer> {

    private static final Logger LOG = LoggerFactory.getLogger(Main.class);

    /** Set by the launcher of the package where BRICKCACHED_PROTECT is. */
    private static final String PROTECT = "brickcache.protect";

    private final NodeFactory nodes;
    private final Map<String, String> environment;
    private final StopSignal stop;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            defaultValue = "/etc/brickcache/brickcached.yaml",
            description = {"The configuration; default:", "${DEFAULT-VALUE}"})
    @SuppressWarnings("NullAway.Init")
    private Path config;

    @Option(names = "--check-config", description = "Check the configuration and exit.")
    private boolean checkConfig;

    @Option(names = "--version", versionHelp = true, description = "Print the version and exit.")
    @SuppressWarnings("UnusedVariable") // read by picocli
    private boolean version;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this help and exit.")
    @SuppressWarnings("UnusedVariable") // read by picocli
    private boolean help;

    private Main(NodeFactory nodes, Map<String, String> environment, StopSignal stop) {
        this.nodes = nodes;
        this.environment = environment;
        this.stop = stop;
    }

    public static void main(String[] args) {
        // gRPC logs by way of the JDK.
        SLF4JBridgeHandler.removeHandlersForRootLogger();
        SLF4JBridgeHandler.install();
        if (Boolean.getBoolean(PROTECT)) {
            Protections.lockMemory(ProcessCalls.load());
        }
        StopSignal stop = new StopSignal();
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        System.exit(run(Main::node, System.getenv(), stop, out, err, args));
    }

    /** Runs the command to its end; the exit code. */
    static int run(
            NodeFactory nodes,
            Map<String, String> environment,
            StopSignal stop,
            PrintWriter out,
            PrintWriter err,
            String... args) {
        return new CommandLine(new Main(nodes, environment, stop))
                .setOut(out)
                .setErr(err)
                .execute(args);
    }

    /** The one place where the node is built. */
    private static NodeService node(Config config, SystemdNotifier systemd, StopSignal stop) {
        return new Node(
                config,
                systemd,
                new SystemClock(),
                new SecureEntropy(),
                new NetlinkDriver(),
                new NbdDevices(Path.of("/sys"), Path.of("/proc")),
                stop::request);
    }

    @Override
    public Integer call() throws InterruptedException {
        Config loaded;
        try {
            loaded = ConfigLoader.load(config);
            if (checkConfig) {
                NbdServer.check(loaded.nbd());
                AdminServer.check(loaded.admin());
            }
        } catch (ConfigException e) {
            e.problems().forEach(problem -> complain(problem.toString()));
            return CommandLine.ExitCode.SOFTWARE;
        } catch (IOException e) {
            complain(config + ": " + reason(e));
            return CommandLine.ExitCode.SOFTWARE;
        }
        if (checkConfig) {
            spec.commandLine().getOut().println(config + ": ok");
            return CommandLine.ExitCode.OK;
        }
        return serve(loaded);
    }

    private int serve(Config loaded) throws InterruptedException {
        SystemdNotifier systemd = SystemdNotifier.fromEnvironment(environment);
        stop.install();
        NodeService node;
        try {
            node = nodes.create(loaded, systemd, stop);
            node.start();
        } catch (Exception e) {
            LOG.debug("Start failed", e);
            complain("brickcached: cannot start: " + reason(e));
            return CommandLine.ExitCode.SOFTWARE;
        }
        systemd.ready();
        stop.await();
        systemd.stopping();
        try {
            node.stop();
        } catch (RuntimeException e) {
            LOG.error("Stop failed", e);
            complain("brickcached: the stop failed: " + reason(e));
            return CommandLine.ExitCode.SOFTWARE;
        }
        return CommandLine.ExitCode.OK;
    }

    private void complain(String line) {
        spec.commandLine().getErr().println(line);
    }

    private static String reason(Exception e) {
        return Failures.message(e).replaceAll("\\s*\\R\\s*", " ");
    }

    /** The version that the build put into the manifest. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"brickcached " + (version == null ? "(not packaged)" : version)};
        }
    }
}
