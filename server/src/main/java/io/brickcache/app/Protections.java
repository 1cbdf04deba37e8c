package io.brickcache.app;

import com.sun.jna.LastErrorException;
import io.brickcache.admin.ProtectionView;
import io.brickcache.mapping.MappingException;
import io.brickcache.mapping.NbdDriver;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What keeps the service working when the machine is short of memory and the writes that would free some are the
 * service's own to finish: {@link #lockMemory} at the start, and what is in force, for the operator.
 */
final class Protections {

    private static final Logger LOG = LoggerFactory.getLogger(Protections.class);

    private static final String UNIT = "start it by its unit, brickcached.service";
    private static final int SAFE_OOM_SCORE = -500;
    private static final long KIB = 1024;

    private final ProcessCalls calls;
    private final Path proc;
    private final NbdDriver driver;
    private final boolean watched;

    /**
     * @param proc {@code /proc}
     * @param watched true if somebody restarts a service that hangs
     */
    Protections(ProcessCalls calls, Path proc, NbdDriver driver, boolean watched) {
        this.calls = calls;
        this.proc = proc;
        this.driver = driver;
        this.watched = watched;
    }

    /** Keeps in memory what the process has touched and will touch. Not allowed to: a warning, and nothing is locked. */
    static void lockMemory(ProcessCalls calls) {
        try {
            calls.mlockall(ProcessCalls.MCL_CURRENT | ProcessCalls.MCL_FUTURE | ProcessCalls.MCL_ONFAULT);
        } catch (LastErrorException e) {
            LOG.warn("Memory is not locked: {}; set LimitMEMLOCK=infinity and give CAP_IPC_LOCK", e.getMessage());
        }
    }

    /** Says in the log what is in force; bricks that are not mapped do without. */
    void report() {
        List<String> missing = look().stream()
                .filter(view -> !view.inForce())
                .map(ProtectionView::name)
                .toList();
        LOG.info(
                missing.isEmpty()
                        ? "All protections against a shortage of memory are in force"
                        : "Not protected against a shortage of memory, which mapped bricks need: {} are not in force;"
                                + " see: brickcache node doctor",
                String.join(", ", missing));
    }

    /** All of them, as they are now. */
    List<ProtectionView> look() {
        List<ProtectionView> views = new ArrayList<>();
        views.add(ioFlusher());
        views.add(lockedMemory());
        views.add(swap());
        views.add(oomScore());
        views.add(heap());
        views.add(directMemory());
        views.add(view(
                "watchdog",
                watched,
                watched ? "a service that hangs is restarted" : "nobody notices a service that hangs",
                UNIT + ", with WatchdogSec"));
        views.add(kernelDriver());
        return views;
    }

    private ProtectionView ioFlusher() {
        String remedy = "start it with BRICKCACHED_PROTECT=yes and CAP_SYS_RESOURCE, as its unit does; Linux 5.6";
        try {
            boolean set = calls.prctl(ProcessCalls.PR_GET_IO_FLUSHER, 0, 0, 0, 0) == 1;
            return view("io-flusher", set, set ? "set for every thread" : "not set", remedy);
        } catch (LastErrorException e) {
            return view("io-flusher", false, "cannot be asked: " + e.getMessage(), remedy);
        }
    }

    private ProtectionView lockedMemory() {
        long locked = statusKib("VmLck");
        long resident = statusKib("VmRSS");
        boolean all = resident > 0 && locked * 10 >= resident * 9;
        return view(
                "locked-memory",
                all,
                locked / KIB + " MiB locked, " + resident / KIB + " MiB resident",
                "start it with BRICKCACHED_PROTECT=yes, LimitMEMLOCK=infinity and CAP_IPC_LOCK, as its unit does");
    }

    private ProtectionView swap() {
        long swapped = statusKib("VmSwap");
        return view("no-swap", swapped == 0, swapped + " KiB of it are in swap", "lock its memory, and restart it");
    }

    private ProtectionView oomScore() {
        String text = read("self/oom_score_adj");
        boolean safe = text.matches("-?\\d{1,4}") && Integer.parseInt(text) <= SAFE_OOM_SCORE;
        return view("oom-score", safe, "oom_score_adj " + text, "set OOMScoreAdjust=-900, as its unit does");
    }

    private static ProtectionView heap() {
        List<String> arguments = ManagementFactory.getRuntimeMXBean().getInputArguments();
        boolean touched = arguments.contains("-XX:+AlwaysPreTouch");
        String most = last(arguments, "-Xmx");
        boolean fixed = !most.isEmpty() && most.equals(last(arguments, "-Xms"));
        return view(
                "fixed-heap",
                touched && fixed,
                (fixed ? "fixed at " + most : "its size may change") + (touched ? ", touched" : ", not touched"),
                "set -Xms and -Xmx to the same size, and -XX:+AlwaysPreTouch, in BRICKCACHED_JAVA_OPTS");
    }

    private static ProtectionView directMemory() {
        String limit = last(ManagementFactory.getRuntimeMXBean().getInputArguments(), "-XX:MaxDirectMemorySize=");
        return view(
                "bounded-direct-memory",
                !limit.isEmpty(),
                limit.isEmpty() ? "no limit" : "at most " + limit,
                "set -XX:MaxDirectMemorySize in BRICKCACHED_JAVA_OPTS");
    }

    private ProtectionView kernelDriver() {
        try {
            driver.isConnected(0);
            return view("kernel-driver", true, "the kernel's nbd driver answers", "");
        } catch (MappingException e) {
            return e.reason() == MappingException.Reason.NOT_CONNECTED
                    ? view("kernel-driver", true, "the kernel's nbd driver answers", "")
                    : view("kernel-driver", false, e.problem(), e.remedy());
        }
    }

    private static ProtectionView view(String name, boolean inForce, String detail, String remedy) {
        return new ProtectionView(name, inForce, detail, inForce ? "" : remedy);
    }

    /** What follows the prefix in the last argument that has it, for the last one counts. */
    private static String last(List<String> arguments, String prefix) {
        return arguments.stream()
                .filter(argument -> argument.startsWith(prefix))
                .reduce((first, second) -> second)
                .map(argument -> argument.substring(prefix.length()))
                .orElse("");
    }

    private long statusKib(String field) {
        Matcher matcher =
                Pattern.compile("(?m)^" + field + ":\\s+(\\d{1,15}) kB").matcher(read("self/status"));
        return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
    }

    private String read(String name) {
        try {
            return Files.readString(proc.resolve(name)).strip();
        } catch (IOException e) {
            return "";
        }
    }
}
