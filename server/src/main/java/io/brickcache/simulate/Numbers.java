package io.brickcache.simulate;

import io.brickcache.simulate.TraceBuilder.BadRequest;

/** Numbers in the lines of traces. */
final class Numbers {

    private Numbers() {}

    /** The digits from {@code from} to {@code to} of the line, without a sign. */
    static long parse(String line, int from, int to, String what) throws BadRequest {
        long value = 0;
        if (from == to || to - from > 18) {
            throw notANumber(line, from, to, what);
        }
        for (int i = from; i < to; i++) {
            int digit = line.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                throw notANumber(line, from, to, what);
            }
            value = 10 * value + digit;
        }
        return value;
    }

    static long parse(String text, String what) throws BadRequest {
        return parse(text, 0, text.length(), what);
    }

    private static BadRequest notANumber(String line, int from, int to, String what) {
        return new BadRequest("the " + what + " '" + line.substring(from, to)
                + "' is not a number of up to 18 digits; correct or remove the line");
    }
}
