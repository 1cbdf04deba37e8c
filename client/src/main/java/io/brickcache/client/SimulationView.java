package io.brickcache.client;

import io.brickcache.simulate.RunResult;
import io.brickcache.simulate.RunResult.DiskUse;
import io.brickcache.simulate.RunResult.Share;
import io.brickcache.simulate.RunResult.Times;
import io.brickcache.simulate.SimulationReport;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What a simulation found, as a table and as JSON. Milliseconds are per request, but where a kind of request is named. */
final class SimulationView {

    private SimulationView() {}

    /** Two columns: the cache, and beside it the disk alone. */
    static Table table(SimulationReport report) {
        RunResult cached = report.cached();
        RunResult none = report.none();
        Table table = cached == null
                ? Table.withHeaders("", ">none")
                : Table.withHeaders("", ">" + report.options().mode(), ">none");
        Rows rows = new Rows(table, cached, none);
        rows.same("requests", Long.toString(none.requests()));
        rows.same("arrival", report.closedLoop() ? "closed loop" : "as traced");
        rows.same("disk", report.options().disk().name());
        rows.cache("cache, blocks", report.slots() + " of " + report.uniqueBlocks());
        rows.cache("block", Units.size(report.options().blockBytes()));
        rows.each("total, ms/request", r -> ms(r.totalMs(), r));
        rows.each("  foreground", r -> ms(r.foregroundMs(), r));
        rows.each("  background disk", r -> ms(r.backgroundDisk().busyMs(), r));
        times(rows, "read", RunResult::reads);
        times(rows, "write", RunResult::writes);
        rows.each(
                "positionings, foreground",
                r -> Long.toString(r.foregroundDisk().positionings()));
        rows.each(
                "positionings, background",
                r -> Long.toString(r.backgroundDisk().positionings()));
        if (cached != null) {
            cacheOnly(rows, cached);
        }
        return table;
    }

    private static void times(Rows rows, String kind, Function<RunResult, Times> of) {
        rows.each(kind + "s", r -> Long.toString(of.apply(r).requests()));
        rows.each(kind + " service, mean ms", r -> ms(of.apply(r).meanServiceMs()));
        rows.each(kind + " latency, mean ms", r -> ms(of.apply(r).meanMs()));
        rows.each(kind + " latency, p99 ms", r -> ms(of.apply(r).p99Ms()));
    }

    private static void cacheOnly(Rows rows, RunResult cached) {
        rows.cache("hits, blocks", percent(cached.hits().blocks()));
        rows.cache("hits, blocks read", percent(cached.hits().readBlocks()));
        rows.cache("hits, whole requests", percent(cached.hits().requests()));
        rows.cache("hits, whole reads", percent(cached.hits().readRequests()));
        rows.cache("demoted blocks", Long.toString(cached.demotion().blocks()));
        rows.cache(
                "  of them after the last request",
                Long.toString(cached.demotion().blocksAtEnd()));
        rows.cache(
                "  positionings per block", String.format(Locale.ROOT, "%.3f", cached.positioningsPerDemotedBlock()));
        rows.cache("promoted blocks", Long.toString(cached.demotion().promotedBlocks()));
        rows.cache("evicted blocks", Long.toString(cached.demotion().evictedBlocks()));
        rows.cache("SSD written", Units.size(cached.ssd().writtenBytes()));
        rows.cache("SSD read", Units.size(cached.ssd().readBytes()));
        rows.cache(
                "metadata",
                Units.size(cached.ssd().metadataBytes()) + " in " + cached.ssd().commits() + " commits");
        rows.cache("SSD background, ms/request", ms(cached.ssd().backgroundMs(), cached));
        rows.cache("writes around", Long.toString(cached.aroundRequests()));
        cached.aroundBytes().forEach((reason, bytes) -> rows.cache("  " + reason.replace('_', ' '), Units.size(bytes)));
    }

    /** Rows of a table of one or two runs. */
    private record Rows(Table table, @Nullable RunResult cached, RunResult none) {
        void each(String name, Function<RunResult, String> cell) {
            RunResult first = cached;
            if (first == null) {
                table.row(name, cell.apply(none));
            } else {
                table.row(name, cell.apply(first), cell.apply(none));
            }
        }

        void same(String name, String cell) {
            each(name, r -> cell);
        }

        void cache(String name, String cell) {
            if (cached != null) {
                table.row(name, cell, "-");
            }
        }
    }

    private static String ms(double total, RunResult run) {
        return String.format(Locale.ROOT, "%.3f", perRequest(total, run));
    }

    private static String ms(double value) {
        return String.format(Locale.ROOT, "%.3f", value);
    }

    private static double perRequest(double total, RunResult run) {
        return run.requests() == 0 ? 0 : total / run.requests();
    }

    private static String percent(Share share) {
        return Units.share(share.part(), share.whole());
    }

    /** Everything in numbers; fields may be added. */
    static Map<String, @Nullable Object> json(SimulationReport report) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("trace", report.trace());
        json.put("mode", report.options().mode().toString());
        json.put("disk", report.options().disk().name());
        json.put("block_bytes", report.options().blockBytes());
        json.put("closed_loop", report.closedLoop());
        json.put("unique_blocks", report.uniqueBlocks());
        json.put("cache_blocks", report.slots());
        RunResult cached = report.cached();
        json.put("cached", cached == null ? null : run(cached));
        json.put("none", run(report.none()));
        return json;
    }

    private static Map<String, Object> run(RunResult run) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("requests", run.requests());
        json.put("total_ms_per_request", perRequest(run.totalMs(), run));
        json.put("foreground_ms_per_request", perRequest(run.foregroundMs(), run));
        json.put(
                "background_disk_ms_per_request",
                perRequest(run.backgroundDisk().busyMs(), run));
        json.put("foreground_disk", disk(run.foregroundDisk()));
        json.put("background_disk", disk(run.backgroundDisk()));
        json.put("reads", times(run.reads()));
        json.put("writes", times(run.writes()));
        json.put("hit_percent_blocks", run.hits().blocks().percent());
        json.put("hit_percent_read_blocks", run.hits().readBlocks().percent());
        json.put("hit_percent_requests", run.hits().requests().percent());
        json.put("hit_percent_read_requests", run.hits().readRequests().percent());
        json.put("demoted_blocks", run.demotion().blocks());
        json.put("demoted_blocks_at_end", run.demotion().blocksAtEnd());
        json.put("demotion_writes", run.demotion().writes());
        json.put("positionings_per_demoted_block", run.positioningsPerDemotedBlock());
        json.put("promoted_blocks", run.demotion().promotedBlocks());
        json.put("evicted_blocks", run.demotion().evictedBlocks());
        json.put("ssd_written_bytes", run.ssd().writtenBytes());
        json.put("ssd_read_bytes", run.ssd().readBytes());
        json.put("ssd_background_ms_per_request", perRequest(run.ssd().backgroundMs(), run));
        json.put("metadata_bytes", run.ssd().metadataBytes());
        json.put("commits", run.ssd().commits());
        json.put("around_requests", run.aroundRequests());
        json.put("around_bytes", run.aroundBytes());
        return json;
    }

    private static Map<String, Object> disk(DiskUse use) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("busy_ms", use.busyMs());
        json.put("ios", use.ios());
        json.put("positionings", use.positionings());
        json.put("read_bytes", use.readBytes());
        json.put("written_bytes", use.writtenBytes());
        return json;
    }

    private static Map<String, Object> times(Times times) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("requests", times.requests());
        json.put("mean_service_ms", times.meanServiceMs());
        json.put("mean_ms", times.meanMs());
        json.put("p99_ms", times.p99Ms());
        return json;
    }
}
