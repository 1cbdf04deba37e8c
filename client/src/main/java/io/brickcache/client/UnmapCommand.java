package io.brickcache.client;

import io.brickcache.admin.v1.Mapping;
import io.brickcache.admin.v1.UnmapBrickRequest;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code brickcache unmap} */
@Command(name = "unmap", description = "Takes the block device of a brick away. Refused while something uses it.")
final class UnmapCommand implements Callable<Integer> {
    private final Brickcache root;

    @Parameters(paramLabel = "BRICK", description = "Name of the brick; or /dev/nbdN, or /dev/brickcache/BRICK.")
    @SuppressWarnings("NullAway.Init")
    private String name;

    UnmapCommand(Brickcache root) {
        this.root = root;
    }

    @Override
    public Integer call() {
        FuseDevices fuse = new FuseDevices(root.shell().environment());
        Optional<Mapping> byFuse = fuse.find(name);
        if (byFuse.isPresent()) {
            fuse.unmap(byFuse.get());
            return root.report(byFuse.get(), unmapped(byFuse.get())).number();
        }
        UnmapBrickRequest request = UnmapBrickRequest.newBuilder().setName(name).build();
        return root.withDaemon(daemon -> {
            Mapping mapping =
                    daemon.ask(() -> daemon.mappings().unmapBrick(request)).getMapping();
            return root.report(mapping, unmapped(mapping));
        });
    }

    private static String unmapped(Mapping mapping) {
        return "brick " + mapping.getBrick() + " unmapped, was " + mapping.getDevicePath();
    }
}
