package io.brickcache.simulate;

import io.brickcache.simulate.TraceBuilder.BadRequest;

/** Reads the lines of one kind of trace. One instance for one trace. */
interface TraceFormat {

    /** The next line, the first one included. */
    void line(String line) throws BadRequest;

    /** What the lines said. */
    Trace end(String name);
}
