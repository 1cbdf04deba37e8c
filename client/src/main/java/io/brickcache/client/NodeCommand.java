package io.brickcache.client;

import io.brickcache.admin.v1.GetProtectionsRequest;
import io.brickcache.admin.v1.GetProtectionsResponse;
import io.brickcache.admin.v1.Protection;
import io.brickcache.admin.v1.StopNodeRequest;
import io.brickcache.admin.v1.StopNodeResponse;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code brickcache node ...} */
@Command(name = "node", description = "The service of this node.", synopsisSubcommandLabel = "COMMAND")
final class NodeCommand {
    private final Brickcache root;

    NodeCommand(Brickcache root) {
        this.root = root;
    }

    @Command(
            name = "doctor",
            description = "Tells what keeps the service working when the machine is short of memory. Ends with 1 if"
                    + " something of it is not in force.")
    int doctor() {
        return root.withDaemon(daemon -> {
            GetProtectionsResponse found =
                    daemon.ask(() -> daemon.node().getProtections(GetProtectionsRequest.getDefaultInstance()));
            List<Protection> all = found.getProtectionsList();
            Table table = Table.withHeaders("PROTECTION", "IN FORCE", "FOUND", "TO DO");
            for (Protection protection : all) {
                table.row(
                        protection.getName(),
                        protection.getInForce() ? "yes" : "NO",
                        protection.getDetail(),
                        Labels.orDash(protection.getRemedy()));
            }
            root.print(found, table);
            return all.stream().allMatch(Protection::getInForce) ? ExitCode.DONE : ExitCode.FAILED;
        });
    }

    @Command(
            name = "stop",
            description = "Stops the service. Refused while a mapped device is mounted or otherwise used.")
    int stop(
            @Option(
                            names = "--force",
                            description =
                                    "Stops all the same: what is asked of used devices waits for the next service,"
                                            + " for as long as map.dead_timeout.")
                    boolean force) {
        StopNodeRequest request =
                StopNodeRequest.newBuilder().setLeaveWaiting(force).build();
        return root.withDaemon(daemon -> {
            StopNodeResponse answer = daemon.ask(() -> daemon.node().stopNode(request));
            return root.report(answer, "the service is stopping");
        });
    }
}
