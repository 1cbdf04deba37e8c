package io.brickcache.client;

import io.brickcache.admin.v1.Brick;
import io.brickcache.admin.v1.GetBrickRequest;
import io.brickcache.admin.v1.MapBrickRequest;
import io.brickcache.admin.v1.Mapping;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code brickcache map} */
@Command(
        name = "map",
        description =
                "Makes a brick a block device of this machine's kernel and prints its path. Mapped already: prints"
                        + " the path.")
final class MapCommand implements Callable<Integer> {
    private static final long LOOK_MS = 2000;
    private static final Set<ExitCode> MAY_PASS =
            EnumSet.of(ExitCode.REFUSED, ExitCode.UNREACHABLE, ExitCode.TIMED_OUT);

    private final Brickcache root;

    @Parameters(paramLabel = "BRICK", arity = "0..1", description = "Name of the brick.")
    private @Nullable String brick;

    @Option(
            names = "--fuse",
            description =
                    "Makes it by nbdfuse and a loop device, where the kernel has no nbd driver. For trying out only:"
                            + " it does not survive a restart of the service, and is slower.")
    private boolean fuse;

    @Option(
            names = "--wait",
            paramLabel = "TIME",
            description = "How long to wait for a brick that is not served yet, as at boot. Default: not at all")
    private @Nullable Duration patience;

    MapCommand(Brickcache root) {
        this.root = root;
    }

    @Override
    public Integer call() {
        String name = brick;
        if (name == null) {
            throw new Failure(ExitCode.USAGE, "map BRICK: which one? List them with: brickcache brick list");
        }
        if (fuse) {
            return root.withDaemon(daemon -> mapByFuse(daemon, name));
        }
        MapBrickRequest request = MapBrickRequest.newBuilder().setName(name).build();
        return root.withDaemon(daemon -> {
            Mapping mapping = mapped(daemon, request);
            return root.print(mapping, () -> root.shell().out().println(mapping.getDevicePath()));
        });
    }

    private Mapping mapped(Daemon daemon, MapBrickRequest request) {
        Duration wait = patience == null ? Duration.ZERO : patience;
        long end = root.shell().nanoTime().getAsLong() + wait.toNanos();
        while (true) {
            try {
                return daemon.ask(() -> daemon.mappings().mapBrick(request)).getMapping();
            } catch (Failure e) {
                boolean mayPass = MAY_PASS.contains(e.exitCode());
                if (!mayPass || root.shell().nanoTime().getAsLong() >= end) {
                    throw e;
                }
            }
            try {
                Thread.sleep(LOOK_MS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new Failure(ExitCode.FAILED, "interrupted");
            }
        }
    }

    private ExitCode mapByFuse(Daemon daemon, String name) {
        GetBrickRequest request = GetBrickRequest.newBuilder().setName(name).build();
        Brick found = daemon.ask(() -> daemon.bricks().getBrick(request)).getBrick();
        Mapping mapping = new FuseDevices(root.shell().environment()).map(found);
        root.shell()
                .say(
                        "this device is for trying out: when the service ends, also for a restart, it fails and so does the"
                                + " file system on it; do not swap on it, and do not put what matters there");
        return root.print(mapping, () -> root.shell().out().println(mapping.getDevicePath()));
    }

    @Command(name = "list", description = "Lists the bricks that are mapped.")
    int list() {
        return ShowMappedCommand.list(root);
    }
}
