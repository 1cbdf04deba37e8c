package io.brickcache.client;

import io.brickcache.simulate.CacheSize;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The size of a simulated cache: a size, or a share of what the trace touches. */
final class CacheSizeConverter implements ITypeConverter<CacheSize> {

    private static final Pattern PERCENT = Pattern.compile("([0-9]{1,3}(?:\\.[0-9]{1,6})?)%");

    @Override
    public CacheSize convert(String text) {
        Matcher matcher = PERCENT.matcher(text);
        if (!matcher.matches()) {
            return new CacheSize.Bytes(Units.parseSize(text));
        }
        double percent = Double.parseDouble(matcher.group(1));
        if (percent <= 0 || percent > 100) {
            throw new TypeConversionException("'" + text + "' is no share; use one from 0.1% to 100%");
        }
        return new CacheSize.Percent(percent);
    }
}
