package io.brickcache.client;

import io.brickcache.admin.v1.Progress;
import io.brickcache.admin.v1.ProgressUnit;
import java.time.Duration;

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
    private long startNs;
    private long startDone;
    private long saidAtNs;

    ProgressLine(Shell shell, String what) {
        this.shell = shell;
        this.what = what;
    }

    synchronized void show(Progress progress) {
        long nowNs = shell.nanoTime().getAsLong();
        boolean first = !started;
        if (first) {
            started = true;
            startNs = nowNs;
            startDone = progress.getDone();
        }
        if (shell.terminals().err()) {
            drawn = true;
            shell.err().print(ERASE_LINE + bar(progress, nowNs));
            shell.err().flush();
        } else if (first || nowNs - saidAtNs >= SECOND_NS) {
            saidAtNs = nowNs;
            shell.say(what + ": " + percent(progress) + "%, " + amounts(progress));
        }
    }

    private String bar(Progress progress, long nowNs) {
        int filled = BAR * percent(progress) / 100;
        String line = what + " [" + "#".repeat(filled) + "-".repeat(BAR - filled) + "] " + percent(progress) + "% "
                + amounts(progress) + rate(progress, nowNs);
        return line.length() < shell.columns() ? line : line.substring(0, shell.columns() - 1);
    }

    private String rate(Progress progress, long nowNs) {
        double seconds = (nowNs - startNs) / (double) SECOND_NS;
        double perSecond = seconds <= 0 ? 0 : (progress.getDone() - startDone) / seconds;
        if (perSecond < 1) {
            return "";
        }
        Duration left = Duration.ofSeconds((long) ((progress.getTotal() - progress.getDone()) / perSecond));
        return ", " + amount(progress, (long) perSecond) + "/s, " + Units.time(left) + " left";
    }

    private static int percent(Progress progress) {
        // In double: done * 100 may not fit into a long.
        return progress.getTotal() == 0 ? 100 : (int) (100.0 * progress.getDone() / progress.getTotal());
    }

    private static String amounts(Progress progress) {
        return amount(progress, progress.getDone()) + " of " + amount(progress, progress.getTotal());
    }

    private static String amount(Progress progress, long count) {
        return progress.getUnit() == ProgressUnit.PROGRESS_UNIT_BYTES ? Units.size(count) : count + " blocks";
    }

    @Override
    public void close() {
        erase();
    }

    /** Takes the bar away before something else is said. Idempotent. */
    synchronized void erase() {
        if (drawn) {
            drawn = false;
            shell.err().print(ERASE_LINE);
            shell.err().flush();
        }
    }
}
