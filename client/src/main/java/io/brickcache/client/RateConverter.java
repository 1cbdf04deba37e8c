package io.brickcache.client;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Bytes a second: a size, with or without {@code /s}. */
final class RateConverter implements ITypeConverter<Long> {

    private static final String PER_SECOND = "/s";

    @Override
    public Long convert(String text) {
        long rate = Units.parseSize(
                text.endsWith(PER_SECOND) ? text.substring(0, text.length() - PER_SECOND.length()) : text);
        if (rate == 0) {
            throw new TypeConversionException("'" + text + "' is no rate; use one such as 64MiB/s");
        }
        return rate;
    }
}
