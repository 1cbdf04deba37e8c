package io.brickcache.client;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.TypeConversionException;

/** Sizes and times as people read and write them. */
final class Units {
    private static final String[] IEC = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    private static final Pattern SIZE = Pattern.compile("([0-9]{1,18})\\s?(B|KiB|MiB|GiB|TiB|PiB)?");
    private static final Pattern TIME = Pattern.compile("([0-9]{1,9})\\s?(ms|s|m|h)");

    private Units() {}

    /** Three digits or so: {@code 17 B}, {@code 1.5 GiB}, {@code 320 MiB}. */
    static String size(long bytes) {
        int unit = 0;
        double value = bytes;
        // 1023.95 would be written as 1024.0.
        while (value >= 1023.95 && unit < IEC.length - 1) {
            value /= 1024;
            unit++;
        }
        String format = unit == 0 || value == Math.rint(value) || value >= 99.95 ? "%.0f %s" : "%.1f %s";
        return String.format(Locale.ROOT, format, value, IEC[unit]);
    }

    /** The two largest units: {@code 12s}, {@code 4m 10s}, {@code 1d 2h}. */
    static String time(Duration time) {
        if (time.toDays() > 0) {
            return time.toDays() + "d " + time.toHoursPart() + "h";
        }
        if (time.toHours() > 0) {
            return time.toHours() + "h " + time.toMinutesPart() + "m";
        }
        if (time.toMinutes() > 0) {
            return time.toMinutes() + "m " + time.toSecondsPart() + "s";
        }
        return time.toSeconds() + "s";
    }

    /** {@code 90.0%}, or a dash when there is nothing to take a share of. */
    static String share(long part, long whole) {
        return whole == 0 ? "-" : String.format(Locale.ROOT, "%.1f%%", 100.0 * part / whole);
    }

    static long parseSize(String text) {
        Matcher matcher = SIZE.matcher(text);
        if (matcher.matches()) {
            String unit = matcher.group(2);
            long factor = 1;
            for (int i = 0; unit != null && !IEC[i].equals(unit); i++) {
                factor *= 1024;
            }
            try {
                return Math.multiplyExact(Long.parseLong(matcher.group(1)), factor);
            } catch (ArithmeticException e) {
                throw new TypeConversionException("'" + text + "' is more than this program can count");
            }
        }
        throw new TypeConversionException("'" + text + "' is not a size such as 4KiB, 512MiB, 10GiB or 1073741824");
    }

    static Duration parseTime(String text) {
        Matcher matcher = TIME.matcher(text);
        if (!matcher.matches() || Long.parseLong(matcher.group(1)) == 0) {
            throw new TypeConversionException("'" + text + "' is not a time such as 500ms, 5s, 2m or 1h");
        }
        long count = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(count);
            case "s" -> Duration.ofSeconds(count);
            case "m" -> Duration.ofMinutes(count);
            default -> Duration.ofHours(count);
        };
    }
}
