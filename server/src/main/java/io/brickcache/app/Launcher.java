package io.brickcache.app;

import com.sun.jna.LastErrorException;
import java.util.Arrays;

/**
 * Becomes the command that its arguments are, as an <em>I/O flusher</em> (PR_SET_IO_FLUSHER, Linux 5.6): the kernel does not
 * make it wait for writes to a file system that only it can finish when it needs memory. That is a property of a thread
 * which its children inherit, and {@code exec} keeps; a JVM has threads before the first line of Java runs. So a small JVM
 * asks for it and then replaces itself with the one that serves: the process id stays.
 */
public final class Launcher {

    private Launcher() {}

    /** The path of a program and its arguments. */
    @SuppressWarnings("SystemOut") // there is no log yet
    public static void main(String[] command) {
        ProcessCalls calls = ProcessCalls.load();
        try {
            calls.prctl(ProcessCalls.PR_SET_IO_FLUSHER, 1, 0, 0, 0);
        } catch (LastErrorException e) {
            System.err.println("brickcached: not an I/O flusher (" + e.getMessage()
                    + "); give it CAP_SYS_RESOURCE and Linux 5.6, see: brickcache node doctor");
        }
        try {
            calls.execv(command[0], command);
        } catch (LastErrorException e) {
            System.err.println("brickcached: cannot run " + Arrays.toString(command) + ": " + e.getMessage());
        }
        System.exit(1);
    }
}
