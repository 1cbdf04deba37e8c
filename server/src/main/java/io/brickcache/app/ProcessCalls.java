package io.brickcache.app;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;

/** What the process asks of the kernel about itself. Every call throws {@link LastErrorException} where it fails. */
interface ProcessCalls extends Library {

    int PR_SET_IO_FLUSHER = 57;
    int PR_GET_IO_FLUSHER = 58;

    int MCL_CURRENT = 1;
    int MCL_FUTURE = 2;
    /** Pages are locked when they are first touched, so that what is only reserved takes no memory. Linux 4.4. */
    int MCL_ONFAULT = 4;

    static ProcessCalls load() {
        return Native.load("c", ProcessCalls.class);
    }

    int prctl(int option, long second, long third, long fourth, long fifth) throws LastErrorException;

    int mlockall(int flags) throws LastErrorException;

    /** Does not return where it succeeds. */
    int execv(String path, String[] arguments) throws LastErrorException;
}
