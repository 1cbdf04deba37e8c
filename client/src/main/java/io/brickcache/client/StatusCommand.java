package io.brickcache.client;

import io.brickcache.admin.v1.Brick;
import io.brickcache.admin.v1.BrickStats;
import io.brickcache.admin.v1.Cache;
import io.brickcache.admin.v1.GetStatsRequest;
import io.brickcache.admin.v1.GetStatsResponse;
import io.brickcache.admin.v1.GetStatusRequest;
import io.brickcache.admin.v1.Node;
import io.brickcache.admin.v1.WriteAround;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;

/** {@code brickcache status} */
@Command(name = "status", description = "Tells whether all data is safe, and how the caches do.")
final class StatusCommand implements Callable<Integer> {
    private static final String GREEN = "\u001b[32m";
    private static final String RED = "\u001b[1;31m";
    private static final String PLAIN = "\u001b[0m";

    private final Brickcache root;

    StatusCommand(Brickcache root) {
        this.root = root;
    }

    @Override
    public Integer call() {
        return root.withDaemon(daemon -> {
            Node node = daemon.ask(() -> daemon.node().getStatus(GetStatusRequest.getDefaultInstance()))
                    .getNode();
            GetStatsResponse stats = daemon.ask(() -> daemon.node().getStats(GetStatsRequest.getDefaultInstance()));
            Verdict verdict = Verdict.of(node, stats.getCachesList(), stats.getBricksList());
            return root.print(json(verdict, node, stats), () -> print(verdict, node, stats));
        });
    }

    private static Map<String, Object> json(Verdict verdict, Node node, GetStatsResponse stats) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("safe", verdict.safe());
        json.put("summary", verdict.summary());
        json.put("problems", verdict.problems());
        json.put("remarks", verdict.remarks());
        json.put("node", node);
        json.put("caches", stats.getCachesList());
        json.put("bricks", stats.getBricksList());
        return json;
    }

    private void print(Verdict verdict, Node node, GetStatsResponse stats) {
        Shell shell = root.shell();
        String colour = verdict.safe() ? GREEN : RED;
        shell.out().println(shell.coloured() ? colour + verdict.summary() + PLAIN : verdict.summary());
        verdict.problems().forEach(problem -> shell.out().println("  " + problem));
        verdict.remarks().forEach(remark -> shell.out().println("  remark: " + remark));
        shell.out()
                .println("brickcached " + node.getVersion() + " " + Labels.of(node.getState()) + " for "
                        + Units.time(Duration.ofSeconds(node.getUptime().getSeconds())) + ", "
                        + Labels.of(node.getIoEngine()).replace('-', '_'));
        if (!stats.getBricksList().isEmpty()) {
            shell.out().println();
            table(stats).print(shell.out(), shell.columns());
        }
    }

    private static Table table(GetStatsResponse stats) {
        Map<String, Integer> blockBytes =
                stats.getCachesList().stream().collect(Collectors.toMap(Cache::getName, Cache::getBlockBytes));
        Table table = Table.withHeaders(
                "BRICK", "STATE", "MODE", ">CACHED", ">DIRTY", ">OLDEST", ">HITS", ">DEMOTED", ">AROUND");
        Totals totals = new Totals();
        for (Brick brick : stats.getBricksList()) {
            Totals one = new Totals();
            one.add(brick, blockBytes.getOrDefault(brick.getCache(), 0));
            totals.add(brick, blockBytes.getOrDefault(brick.getCache(), 0));
            table.row(one.cells(brick.getName(), Labels.of(brick.getState()), Labels.of(brick.getMode())));
        }
        return table.row(totals.cells("total", "", ""));
    }

    /** Sums over bricks. */
    private static final class Totals {
        private long cachedBytes;
        private long dirtyBytes;
        private Duration oldest = Duration.ZERO;
        private long hitBlocks;
        private long missBlocks;
        private long demotedBytes;
        private long aroundBytes;

        void add(Brick brick, int blockBytes) {
            BrickStats stats = brick.getStats();
            cachedBytes += brick.getCachedBytes();
            dirtyBytes += brick.getDirtyBytes();
            Duration age = Labels.oldestDirtyAge(brick);
            oldest = age.compareTo(oldest) > 0 ? age : oldest;
            hitBlocks += stats.getReadHitBlocks();
            missBlocks += stats.getReadMissBlocks();
            demotedBytes += stats.getDemotedBlocks() * blockBytes;
            aroundBytes += around(stats.getWriteAroundsList());
        }

        private static long around(List<WriteAround> arounds) {
            return arounds.stream().mapToLong(WriteAround::getWrittenBytes).sum();
        }

        String[] cells(String name, String state, String mode) {
            return new String[] {
                name,
                state,
                mode,
                Units.size(cachedBytes),
                Units.size(dirtyBytes),
                dirtyBytes == 0 ? "-" : Units.time(oldest),
                Units.share(hitBlocks, hitBlocks + missBlocks),
                Units.size(demotedBytes),
                Units.size(aroundBytes)
            };
        }
    }
}
