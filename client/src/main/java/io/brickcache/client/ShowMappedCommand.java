package io.brickcache.client;

import io.brickcache.admin.v1.ListMappingsRequest;
import io.brickcache.admin.v1.ListMappingsResponse;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code brickcache showmapped} */
@Command(name = "showmapped", description = "Lists the bricks that are mapped; the same as map list.")
final class ShowMappedCommand implements Callable<Integer> {
    private final Brickcache root;

    ShowMappedCommand(Brickcache root) {
        this.root = root;
    }

    @Override
    public Integer call() {
        return list(root);
    }

    static int list(Brickcache root) {
        return root.withDaemon(daemon -> {
            ListMappingsResponse.Builder all = ListMappingsResponse.newBuilder();
            String token = "";
            do {
                ListMappingsRequest request =
                        ListMappingsRequest.newBuilder().setPageToken(token).build();
                ListMappingsResponse page = daemon.ask(() -> daemon.mappings().listMappings(request));
                all.addAllMappings(page.getMappingsList());
                token = page.getNextPageToken();
            } while (!token.isEmpty());
            all.addAllMappings(new FuseDevices(root.shell().environment()).list());
            return root.print(all.build(), Tables.mappings(all.getMappingsList()));
        });
    }
}
