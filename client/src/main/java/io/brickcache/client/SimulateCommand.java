package io.brickcache.client;

import io.brickcache.simulate.CacheSize;
import io.brickcache.simulate.DiskModel;
import io.brickcache.simulate.Mode;
import io.brickcache.simulate.Simulation;
import io.brickcache.simulate.SimulationOptions;
import io.brickcache.simulate.SimulationOptions.Arrival;
import io.brickcache.simulate.SimulationReport;
import io.brickcache.simulate.Trace;
import io.brickcache.simulate.TraceException;
import io.brickcache.simulate.TraceReader;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code brickcache simulate TRACE}: needs no daemon. */
@Command(
        name = "simulate",
        description = "Runs the engine on a recorded trace, with a disk and an SSD that only cost time,"
                + " and says what that cost.")
final class SimulateCommand implements Callable<Integer> {

    private static final String STDIN = "-";
    private static final long MIN_BLOCK_BYTES = 4 << 10;
    private static final long MAX_BLOCK_BYTES = 64 << 10;

    private final Brickcache root;

    @Parameters(
            paramLabel = "TRACE",
            description =
                    "CSV (time_us,op,offset,length), text of blkparse or iolog of fio, plain or gzipped; - for stdin")
    private String trace = STDIN;

    @Option(
            names = "--cache",
            paramLabel = "SIZE|SHARE",
            defaultValue = "10%",
            converter = CacheSizeConverter.class,
            description =
                    "Size of the cache, or its share of the blocks that the trace touches. Default: ${DEFAULT-VALUE}")
    private CacheSize cache = new CacheSize.Percent(10);

    @Option(
            names = "--block",
            paramLabel = "SIZE",
            defaultValue = "4KiB",
            description = "Block size of the cache, a power of two from 4KiB to 64KiB. Default: ${DEFAULT-VALUE}")
    private Long block = MIN_BLOCK_BYTES;

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            defaultValue = "write-back",
            description = "How the cache treats writes: ${COMPLETION-CANDIDATES} (no cache). Default: ${DEFAULT-VALUE}")
    private Mode mode = Mode.WRITE_BACK;

    @Option(
            names = "--disk",
            paramLabel = "MODEL",
            defaultValue = "sata-5400",
            converter = DiskModelConverter.class,
            description = "What the disk costs: sata-5400 or sata-7200. Default: ${DEFAULT-VALUE}")
    private DiskModel disk = DiskModel.SATA_5400;

    @Option(
            names = "--closed-loop",
            description = "The next request comes when the last one is answered, whatever the times in the trace.")
    private boolean closedLoop;

    SimulateCommand(Brickcache root) {
        this.root = root;
    }

    @Override
    public Integer call() {
        if (Long.bitCount(block) != 1 || block < MIN_BLOCK_BYTES || block > MAX_BLOCK_BYTES) {
            throw new Failure(
                    ExitCode.USAGE, "--block is " + Units.size(block) + ", must be a power of two from 4KiB to 64KiB");
        }
        SimulationOptions options = new SimulationOptions(
                cache, block.intValue(), mode, disk, closedLoop ? Arrival.CLOSED_LOOP : Arrival.TRACE);
        SimulationReport report = simulate(options);
        return root.print(SimulationView.json(report), SimulationView.table(report))
                .number();
    }

    private SimulationReport simulate(SimulationOptions options) {
        try (ProgressLine line = new ProgressLine(root.shell(), "simulating " + trace)) {
            Trace requests = trace.equals(STDIN)
                    ? TraceReader.read("stdin", root.shell().in())
                    : TraceReader.read(Path.of(trace));
            return Simulation.run(
                    requests, options, (done, total) -> line.show(done, total, count -> count + " requests"));
        } catch (TraceException e) {
            throw new Failure(ExitCode.FAILED, String.valueOf(e.getMessage()));
        }
    }
}
