package io.brickcache.app;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.pattern.CompositeConverter;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Map;

/**
 * {@code %line(...)} in logback.xml: begins each line of its content with the journal's priority, {@code <3>} (error) to
 * {@code <7>} (debug), where stderr is the journal (JOURNAL_STREAM is set), and with the time and level elsewhere.
 */
public final class LogLineConverter extends CompositeConverter<ILoggingEvent> {

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSXXX").withZone(ZoneId.systemDefault());

    private final Map<String, String> environment;

    /** Called by logback. */
    public LogLineConverter() {
        this(System.getenv());
    }

    LogLineConverter(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    protected String transform(ILoggingEvent event, String content) {
        if (!environment.containsKey("JOURNAL_STREAM")) {
            return TIME.format(Instant.ofEpochMilli(event.getTimeStamp())) + " " + event.getLevel() + " " + content;
        }
        String priority = priority(event.getLevel());
        String text = content.stripTrailing();
        return priority + text.replace("\n", "\n" + priority) + content.substring(text.length());
    }

    private static String priority(Level level) {
        return switch (level.toInt()) {
            case Level.ERROR_INT -> "<3>";
            case Level.WARN_INT -> "<4>";
            case Level.INFO_INT -> "<6>";
            default -> "<7>";
        };
    }
}
