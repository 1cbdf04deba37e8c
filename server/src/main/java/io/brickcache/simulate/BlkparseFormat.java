package io.brickcache.simulate;

import io.brickcache.simulate.TraceBuilder.BadRequest;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The text that blkparse prints by default: {@code MAJ,MIN CPU SEQ SECONDS PID ACTION RWBS SECTOR + SECTORS [COMMAND]}.
 *
 * <p>Taken are the events D, requests handed to the driver: what the disk has been asked, after the kernel has merged. If
 * there are none, the events Q, as they were asked of the kernel. Discards are passed over.
 */
final class BlkparseFormat implements TraceFormat {

    private static final Pattern EVENT =
            Pattern.compile("\\s*\\d+,\\d+\\s+\\d+\\s+\\d+\\s+\\d+\\.\\d{9}\\s+\\d+\\s+[A-Z0-9m]{1,3}\\s.*");
    private static final int SECTOR_BYTES = 512;

    private final Events issued = new Events();
    private final Events queued = new Events();
    private boolean summary;

    /** The requests of one kind of event, all of one device. */
    private static final class Events {
        final TraceBuilder requests = new TraceBuilder();

        @Nullable
        String device;
    }

    static boolean matches(String firstLine) {
        return EVENT.matcher(firstLine).matches();
    }

    @Override
    public void line(String line) throws BadRequest {
        String[] fields = line.strip().split("\\s+");
        // What follows the events: "CPU0 (sda):" with its counts, and "Total (sda):".
        summary |= fields[0].startsWith("CPU") || fields[0].startsWith("Total");
        if (summary || fields.length < 7) {
            return;
        }
        switch (fields[5]) {
            case "D" -> event(issued, fields);
            case "Q" -> event(queued, fields);
            default -> {
                // Merges, completions, messages.
            }
        }
    }

    private static void event(Events events, String[] fields) throws BadRequest {
        String rwbs = fields[6];
        if (rwbs.indexOf('D') >= 0) {
            return;
        }
        if (events.device == null) {
            events.device = fields[0];
        } else if (!fields[0].equals(events.device)) {
            throw new BadRequest("it is about the device " + fields[0] + ", those before about " + events.device
                    + "; a trace is of one disk: keep one with grep '^ *" + events.device + " '");
        }
        long timeNs = timeNs(fields[3]);
        int kind = Math.max(rwbs.indexOf('R'), rwbs.indexOf('W'));
        if (rwbs.startsWith("F")) {
            events.requests.add(timeNs, 1, TraceOp.FLUSH, 0, 0);
        }
        if (kind < 0 || fields.length < 10 || !fields[8].equals("+") || fields[9].equals("0")) {
            return;
        }
        long sector = Numbers.parse(fields[7], "sector");
        long sectors = Numbers.parse(fields[9], "number of sectors");
        if (Math.max(sector, sectors) > Long.MAX_VALUE / (2 * SECTOR_BYTES)) {
            throw new BadRequest("sector " + sector + " lies on no disk; correct or remove the line");
        }
        events.requests.add(timeNs, 1, op(rwbs, kind), sector * SECTOR_BYTES, sectors * SECTOR_BYTES);
    }

    /** An F behind the W is FUA, one before it a flush that comes first. */
    private static TraceOp op(String rwbs, int kind) {
        if (rwbs.charAt(kind) == 'R') {
            return TraceOp.READ;
        }
        return rwbs.indexOf('F', kind) >= 0 ? TraceOp.WRITE_FUA : TraceOp.WRITE;
    }

    private static long timeNs(String seconds) throws BadRequest {
        int point = seconds.indexOf('.');
        if (point < 0 || seconds.length() - point != 10) {
            throw new BadRequest("the time '" + seconds
                    + "' has no nine decimals; print the trace with blkparse's default" + " format");
        }
        return Numbers.parse(seconds.substring(0, point) + seconds.substring(point + 1), "time");
    }

    @Override
    public Trace end(String name) {
        return (issued.requests.count() > 0 ? issued : queued).requests.build(name, true);
    }
}
