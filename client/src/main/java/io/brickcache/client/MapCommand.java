package io.brickcache.client;

import io.brickcache.admin.v1.MapBrickRequest;
import io.brickcache.admin.v1.Mapping;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code brickcache map} */
@Command(
        name = "map",
        description =
                "Makes a brick a block device of this machine's kernel and prints its path. Mapped already: prints"
                        + " the path.")
final class MapCommand implements Callable<Integer> {
    private final Brickcache root;

    @Parameters(paramLabel = "BRICK", arity = "0..1", description = "Name of the brick.")
    private @Nullable String brick;

    MapCommand(Brickcache root) {
        this.root = root;
    }

    @Override
    public Integer call() {
        String name = brick;
        if (name == null) {
            throw new Failure(ExitCode.USAGE, "map BRICK: which one? List them with: brickcache brick list");
        }
        MapBrickRequest request = MapBrickRequest.newBuilder().setName(name).build();
        return root.withDaemon(daemon -> {
            Mapping mapping =
                    daemon.ask(() -> daemon.mappings().mapBrick(request)).getMapping();
            return root.print(mapping, () -> root.shell().out().println(mapping.getDevicePath()));
        });
    }

    @Command(name = "list", description = "Lists the bricks that are mapped.")
    int list() {
        return ShowMappedCommand.list(root);
    }
}
