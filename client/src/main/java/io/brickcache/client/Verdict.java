package io.brickcache.client;

import io.brickcache.admin.v1.Brick;
import io.brickcache.admin.v1.BrickState;
import io.brickcache.admin.v1.BrickStats;
import io.brickcache.admin.v1.Cache;
import io.brickcache.admin.v1.CacheState;
import io.brickcache.admin.v1.Node;
import io.brickcache.admin.v1.NodeState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The answer to "is my data safe?".
 *
 * @param safe everything serves, and no I/O failed since the daemon started
 * @param summary one line
 * @param problems one line for each thing that needs somebody
 * @param remarks one line for each thing that somebody may want to know: nothing is wrong with it
 */
record Verdict(boolean safe, String summary, List<String> problems, List<String> remarks) {

    static Verdict of(Node node, List<Cache> caches, List<Brick> bricks) {
        List<String> problems = new ArrayList<>();
        if (node.getState() != NodeState.NODE_STATE_SERVING) {
            problems.add("node: " + because(Labels.of(node.getState()), node.getStateReason()));
        }
        caches.forEach(cache -> addProblems(problems, cache));
        int before = problems.size();
        int ailing = 0;
        for (Brick brick : bricks) {
            int known = problems.size();
            addProblems(problems, brick);
            ailing += problems.size() > known ? 1 : 0;
        }
        List<String> remarks = bricks.stream()
                .flatMap(brick -> Labels.largerDisk(brick).stream()
                        .map(larger -> "brick " + brick.getName() + ": its disk has " + larger))
                .toList();
        if (problems.isEmpty()) {
            return new Verdict(true, safe(bricks), List.of(), remarks);
        }
        List<String> parts = new ArrayList<>();
        long lost = bricks.stream().mapToLong(Brick::getLostBytes).sum();
        if (lost > 0) {
            parts.add("data lost: " + Units.size(lost) + " cannot be read");
        }
        if (ailing > 0) {
            parts.add(ailing == 1 ? "1 brick needs attention" : ailing + " bricks need attention");
        }
        if (before > 0) {
            parts.add(ailing == 0 ? "the cache service needs attention" : "so does the cache service");
        }
        return new Verdict(false, String.join(", ", parts), List.copyOf(problems), remarks);
    }

    private static String safe(List<Brick> bricks) {
        if (bricks.isEmpty()) {
            return "all data safe: no brick is attached";
        }
        String serving = "all data safe: " + bricks.size() + (bricks.size() == 1 ? " brick" : " bricks") + " serving, ";
        long dirty = bricks.stream().mapToLong(Brick::getDirtyBytes).sum();
        if (dirty == 0) {
            return serving + "nothing dirty";
        }
        Duration oldest = bricks.stream()
                .filter(Brick::hasOldestDirtyAge)
                .map(Labels::oldestDirtyAge)
                .max(Duration::compareTo)
                .orElse(Duration.ZERO);
        return serving + Units.size(dirty) + " dirty on SSD, the oldest for " + Units.time(oldest);
    }

    private static void addProblems(List<String> problems, Cache cache) {
        String name = "cache " + cache.getName() + ": ";
        if (cache.getState() != CacheState.CACHE_STATE_SERVING) {
            problems.add(name + because(Labels.of(cache.getState()), cache.getStateReason()));
        }
        addCount(
                problems,
                name,
                cache.getStats().getFailedCommits(),
                "failed metadata commit",
                "failed metadata commits");
        addCount(problems, name, cache.getStats().getSsdReadErrors(), "SSD read error", "SSD read errors");
        addCount(problems, name, cache.getStats().getSsdWriteErrors(), "SSD write error", "SSD write errors");
        addCount(problems, name, cache.getStats().getChecksumMismatches(), "checksum mismatch", "checksum mismatches");
    }

    private static void addProblems(List<String> problems, Brick brick) {
        String name = "brick " + brick.getName() + ": ";
        BrickStats stats = brick.getStats();
        if (brick.getState() != BrickState.BRICK_STATE_SERVING) {
            problems.add(name + because(Labels.of(brick.getState()), brick.getStateReason()));
        }
        if (brick.getLostBlocks() > 0) {
            problems.add(name + "DATA LOST, " + brick.getLostBlocks()
                    + (brick.getLostBlocks() == 1 ? " block" : " blocks") + " (" + Units.size(brick.getLostBytes())
                    + "), see: brickcache brick lost " + brick.getName());
        }
        addCount(problems, name, stats.getDiskReadErrors(), "disk read error", "disk read errors");
        addCount(problems, name, stats.getDiskWriteErrors(), "disk write error", "disk write errors");
        addCount(problems, name, stats.getSsdReadErrors(), "SSD read error", "SSD read errors");
        addCount(problems, name, stats.getSsdWriteErrors(), "SSD write error", "SSD write errors");
    }

    private static void addCount(List<String> problems, String name, long count, String one, String many) {
        if (count > 0) {
            problems.add(name + count + " " + (count == 1 ? one : many));
        }
    }

    private static String because(String state, String reason) {
        return reason.isEmpty() ? state : state + ", " + reason;
    }
}
