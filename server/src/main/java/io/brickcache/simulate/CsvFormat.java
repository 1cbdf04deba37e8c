package io.brickcache.simulate;

import io.brickcache.simulate.TraceBuilder.BadRequest;

/**
 * CSV: {@code time_us,op,offset,length}, times in microseconds, bytes; op R, W, F (flush) or U (unknown). Times that are only
 * 0, 1, 2 and so on are taken for numbers of requests.
 */
final class CsvFormat implements TraceFormat {

    static final String HEADER = "time_us,op,offset,length";

    private final TraceBuilder requests = new TraceBuilder();
    private boolean started;

    static boolean matches(String firstLine) {
        return firstLine.strip().equals(HEADER);
    }

    @Override
    public void line(String line) throws BadRequest {
        if (!started) {
            started = true;
            return;
        }
        int op = line.indexOf(',');
        int offset = line.indexOf(',', op + 1);
        int length = line.indexOf(',', offset + 1);
        if (op < 0 || offset < 0 || length < 0) {
            throw new BadRequest("it has fewer than four fields; write " + HEADER);
        }
        requests.add(
                Numbers.parse(line, 0, op, "time_us"),
                1000,
                op(line.substring(op + 1, offset)),
                Numbers.parse(line, offset + 1, length, "offset"),
                Numbers.parse(line, length + 1, line.length(), "length"));
    }

    private static TraceOp op(String text) throws BadRequest {
        return switch (text) {
            case "R" -> TraceOp.READ;
            case "W" -> TraceOp.WRITE;
            case "F" -> TraceOp.FLUSH;
            case "U" -> TraceOp.UNKNOWN;
            default -> throw new BadRequest("the op '" + text + "' is unknown; use R, W, F or U");
        };
    }

    @Override
    public Trace end(String name) {
        return requests.build(name, true);
    }
}
