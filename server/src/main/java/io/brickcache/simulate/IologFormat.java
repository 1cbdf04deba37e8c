package io.brickcache.simulate;

import io.brickcache.simulate.TraceBuilder.BadRequest;
import org.jspecify.annotations.Nullable;

/**
 * What fio writes with {@code write_iolog}: {@code FILE ACTION [OFFSET LENGTH]}, in version 3 with microseconds before
 * it. Version 2 has no times; its {@code wait} lines are passed over. Trims are passed over.
 */
final class IologFormat implements TraceFormat {

    private static final String VERSION_2 = "fio version 2 iolog";
    private static final String VERSION_3 = "fio version 3 iolog";

    private final TraceBuilder requests = new TraceBuilder();
    private int fieldsBefore = -1;
    private @Nullable String file;

    static boolean matches(String firstLine) {
        String line = firstLine.strip();
        return line.equals(VERSION_2) || line.equals(VERSION_3);
    }

    @Override
    public void line(String line) throws BadRequest {
        if (fieldsBefore < 0) {
            fieldsBefore = line.strip().equals(VERSION_3) ? 1 : 0;
            return;
        }
        String[] fields = line.strip().split("\\s+");
        if (fields.length < fieldsBefore + 2) {
            throw new BadRequest("it has " + fields.length + " fields; an iolog line is "
                    + (fieldsBefore > 0 ? "TIME FILE ACTION" : "FILE ACTION") + " [OFFSET LENGTH]");
        }
        long time = fieldsBefore > 0 ? Numbers.parse(fields[0], "time") : requests.count();
        switch (fields[fieldsBefore + 1]) {
            case "add", "open", "close", "wait", "trim" -> {
                // Nothing that costs a disk anything.
            }
            case "sync", "datasync" -> requests.add(time, 1000, TraceOp.FLUSH, 0, 0);
            case "read" -> transfer(fields, time, TraceOp.READ);
            case "write" -> transfer(fields, time, TraceOp.WRITE);
            default ->
                throw new BadRequest("the action '" + fields[fieldsBefore + 1]
                        + "' is unknown; known are add, open, close, wait, read, write, trim, sync and datasync");
        }
    }

    private void transfer(String[] fields, long time, TraceOp op) throws BadRequest {
        if (fields.length != fieldsBefore + 4) {
            throw new BadRequest("a " + fields[fieldsBefore + 1] + " needs an offset and a length, in bytes;"
                    + " correct or remove the line");
        }
        String of = fields[fieldsBefore];
        if (file == null) {
            file = of;
        } else if (!of.equals(file)) {
            throw new BadRequest("it is about the file " + of + ", those before about " + file
                    + "; a trace is of one disk: keep the lines of one file");
        }
        requests.add(
                time,
                1000,
                op,
                Numbers.parse(fields[fieldsBefore + 2], "offset"),
                Numbers.parse(fields[fieldsBefore + 3], "length"));
    }

    @Override
    public Trace end(String name) {
        return requests.build(name, fieldsBefore > 0);
    }
}
