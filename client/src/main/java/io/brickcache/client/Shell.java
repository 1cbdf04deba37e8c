package io.brickcache.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What the command sees of the process around it.
 *
 * @param out data, and nothing else
 * @param err talk: progress, errors, questions
 * @param in answers to questions, or data
 * @param terminals which of the three are terminals
 * @param nanoTime monotonic time in nanoseconds
 */
record Shell(
        PrintStream out,
        PrintStream err,
        InputStream in,
        Map<String, String> environment,
        Terminals terminals,
        LongSupplier nanoTime) {

    private static final int UNLIMITED = Integer.MAX_VALUE;

    /** Which of the standard streams are terminals. */
    record Terminals(boolean in, boolean out, boolean err) {}

    static Shell ofProcess() {
        return new Shell(
                System.out,
                System.err,
                System.in,
                System.getenv(),
                new Terminals(isTerminal(0), isTerminal(1), isTerminal(2)),
                System::nanoTime);
    }

    // System.console() speaks for stdin and stdout together, and from JDK 22 on is there without a terminal.
    private static boolean isTerminal(int descriptor) {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor))
                    .toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
        } catch (IOException e) {
            return false;
        }
    }

    /** The next line of an answer, or null if there is none: asked once in the life of a command. */
    @Nullable
    String answer() throws IOException {
        return new BufferedReader(new InputStreamReader(in, Charset.defaultCharset())).readLine();
    }

    /** True if somebody can be asked. */
    boolean interactive() {
        return terminals.in() && terminals.err();
    }

    /** True if stdout may be coloured; see no-color.org. */
    boolean coloured() {
        return terminals.out() && environment.getOrDefault("NO_COLOR", "").isEmpty();
    }

    /** Width that tables keep to: COLUMNS where it is a number, otherwise none. */
    int columns() {
        String columns = environment.getOrDefault("COLUMNS", "");
        return columns.matches("[1-9][0-9]{0,4}") ? Integer.parseInt(columns) : UNLIMITED;
    }

    /** Says something to the operator. */
    void say(String message) {
        err.println("brickcache: " + message);
    }
}
