package io.brickcache.config;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How the text of a scalar becomes a value.
 *
 * @param allowed what may be written, for people: type, unit and range
 * @param parser from text to value; an {@link IllegalArgumentException} says what is wrong
 */
record Format<T>(String allowed, Function<String, T> parser) {

    private static final Pattern QUANTITY = Pattern.compile("(\\d{1,18})\\s?([A-Za-z%]*)");

    private static final Map<String, Long> SIZE_UNITS =
            units("", 1L, "B", 1L, "KiB", 1L << 10, "MiB", 1L << 20, "GiB", 1L << 30, "TiB", 1L << 40);
    private static final Map<String, Long> TIME_UNITS =
            units("ms", 1_000_000L, "s", 1_000_000_000L, "m", 60_000_000_000L, "h", 3_600_000_000_000L);
    private static final Map<String, Long> PERCENT = units("%", 1L);
    private static final Map<String, Long> PLAIN = units("", 1L);

    /** Bytes: {@code 10GiB}, {@code 4096}; KiB, MiB, GiB, TiB. */
    static Format<Long> size(String allowed, String min, String max) {
        return ranged(allowed, SIZE_UNITS, "a size like 64MiB (KiB, MiB, GiB, TiB or plain bytes)", min, max);
    }

    /** Nanoseconds: {@code 30s}; ms, s, m, h. */
    static Format<Long> duration(String min, String max) {
        return ranged("duration, " + min + " to " + max, TIME_UNITS, "a duration like 30s (ms, s, m, h)", min, max);
    }

    /** Whole percent: {@code 20%}. */
    static Format<Integer> percent(int min, int max) {
        String allowed = "percentage, " + min + "% to " + max + "%";
        return ranged(allowed, PERCENT, "a whole percentage like 20%", min + "%", max + "%")
                .map(Math::toIntExact);
    }

    static Format<Integer> integer(int min, int max) {
        String allowed = "whole number, " + min + " to " + max;
        return ranged(allowed, PLAIN, "a whole number", Integer.toString(min), Integer.toString(max))
                .map(Math::toIntExact);
    }

    /** One of the given words. */
    static <T> Format<T> oneOf(Map<String, T> words) {
        String allowed = String.join(" | ", new TreeMap<>(words).keySet());
        return new Format<>(allowed, text -> {
            T value = words.get(text);
            if (value == null) {
                throw new IllegalArgumentException("not one of " + allowed);
            }
            return value;
        });
    }

    /** As this, and a word besides that stands for a value. */
    Format<T> orWord(String word, T value) {
        return new Format<>(allowed + ", or " + word, text -> text.equals(word) ? value : parser.apply(text));
    }

    /** The same texts, turned into another value or refused by {@code next}. */
    <U> Format<U> map(Function<? super T, U> next) {
        return new Format<>(allowed, text -> next.apply(parser.apply(text)));
    }

    T parse(String text) {
        return parser.apply(text);
    }

    private static Format<Long> ranged(String allowed, Map<String, Long> units, String shape, String min, String max) {
        long least = quantity(min, units, shape);
        long most = quantity(max, units, shape);
        return new Format<>(allowed, text -> {
            long value = quantity(text, units, shape);
            if (value < least || value > most) {
                throw new IllegalArgumentException("out of range, " + min + " to " + max);
            }
            return value;
        });
    }

    private static long quantity(String text, Map<String, Long> units, String shape) {
        Matcher matcher = QUANTITY.matcher(text);
        Long factor = matcher.matches() ? units.get(matcher.group(2)) : null;
        if (factor == null) {
            throw new IllegalArgumentException("not " + shape);
        }
        try {
            return Math.multiplyExact(Long.parseLong(matcher.group(1)), factor);
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "too large for %s", shape), e);
        }
    }

    private static Map<String, Long> units(Object... namesAndFactors) {
        Map<String, Long> units = new TreeMap<>();
        for (int i = 0; i < namesAndFactors.length; i += 2) {
            units.put((String) namesAndFactors[i], (Long) namesAndFactors[i + 1]);
        }
        return units;
    }
}
