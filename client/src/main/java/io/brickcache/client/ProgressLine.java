package io.brickcache.client;

import io.brickcache.admin.v1.Progress;
import io.brickcache.admin.v1.ProgressUnit;
import java.time.Duration;
import java.util.function.LongFunction;

/**
 * Shows the progress of long work on stderr: on a terminal a bar with rate and time left that is redrawn in place,
 * otherwise a plain line at most once a second. Close it before anything else is written.
 */
final class ProgressLine implements AutoCloseable {
    private static final long SECOND_NS = 1_000_000_000;
    private static final int BAR = 24;
    private static final String ERASE_LINE = "\r\u001b[K";

    private final Shell shell;
    private final String what;
    private boolean started;
    private boolean drawn;
    private boolean ended;
    private long startNs;
    private long startDone;
    private long saidAtNs;

    ProgressLine(Shell shell, String what) {
        this.shell = shell;
        this.what = what;
    }

    void show(Progress progress) {
        boolean bytes = progress.getUnit() == ProgressUnit.PROGRESS_UNIT_BYTES;
        show(progress.getDone(), progress.getTotal(), bytes ? Units::size : count -> count + " blocks");
    }

    /**
     * Shows it if it is time.
     *
     * @param amount how a number of what is done is written
     */
    synchronized void show(long done, long total, LongFunction<String> amount) {
        if (ended) {
            return;
        }
        Amounts progress = new Amounts(done, total, amount);
        long nowNs = shell.nanoTime().getAsLong();
        boolean first = !started;
        if (first) {
            started = true;
            startNs = nowNs;
            startDone = done;
        }
        if (shell.terminals().err()) {
            drawn = true;
            shell.err().print(ERASE_LINE + bar(progress, nowNs));
            shell.err().flush();
        } else if (first || nowNs - saidAtNs >= SECOND_NS) {
            saidAtNs = nowNs;
            shell.say(what + ": " + progress.percent() + "%, " + progress);
        }
    }

    private String bar(Amounts progress, long nowNs) {
        int filled = BAR * progress.percent() / 100;
        String line = what + " [" + "#".repeat(filled) + "-".repeat(BAR - filled) + "] " + progress.percent() + "% "
                + progress + rate(progress, nowNs);
        return line.length() < shell.columns() ? line : line.substring(0, shell.columns() - 1);
    }

    private String rate(Amounts progress, long nowNs) {
        double seconds = (nowNs - startNs) / (double) SECOND_NS;
        double perSecond = seconds <= 0 ? 0 : (progress.done - startDone) / seconds;
        if (perSecond < 1) {
            return "";
        }
        Duration left = Duration.ofSeconds((long) ((progress.total - progress.done) / perSecond));
        return ", " + progress.amount.apply((long) perSecond) + "/s, " + Units.time(left) + " left";
    }

    /** How far it is, as it is written. */
    private record Amounts(long done, long total, LongFunction<String> amount) {
        int percent() {
            // In double: done * 100 may not fit into a long.
            return total == 0 ? 100 : (int) (100.0 * done / total);
        }

        @Override
        public String toString() {
            return amount.apply(done) + " of " + amount.apply(total);
        }
    }

    @Override
    public void close() {
        end();
    }

    /** Takes the bar away; nothing is shown any more, whoever still hears of progress. Idempotent. */
    synchronized void end() {
        ended = true;
        if (drawn) {
            drawn = false;
            shell.err().print(ERASE_LINE);
            shell.err().flush();
        }
    }
}
