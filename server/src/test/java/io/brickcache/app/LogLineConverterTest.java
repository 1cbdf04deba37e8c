package io.brickcache.app;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.joran.spi.JoranException;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class LogLineConverterTest {

    @Test
    void shouldPrefixEveryLineWithItsPriorityWhenStderrIsTheJournal() {
        LogLineConverter converter = new LogLineConverter(Map.of("JOURNAL_STREAM", "9:1234"));

        assertThat(converter.transform(event(Level.ERROR), "main - lost\n\tat x\n"))
                .isEqualTo("<3>main - lost\n<3>\tat x\n");
        assertThat(converter.transform(event(Level.WARN), "w\n")).isEqualTo("<4>w\n");
        assertThat(converter.transform(event(Level.INFO), "i\n")).isEqualTo("<6>i\n");
        assertThat(converter.transform(event(Level.DEBUG), "d\n")).isEqualTo("<7>d\n");
        assertThat(converter.transform(event(Level.TRACE), "t\n")).isEqualTo("<7>t\n");
    }

    @Test
    void shouldBeginWithTimeAndLevelWhenStderrIsNotTheJournal() {
        LogLineConverter converter = new LogLineConverter(Map.of());

        assertThat(converter.transform(event(Level.WARN), "main - full\n"))
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}(Z|[+-]\\d\\d:\\d\\d) WARN main - full\n");
    }

    @Test
    void shouldQuietenTheLibrariesWhenTheShippedConfigurationIsUsed() throws JoranException {
        LoggerContext context = new LoggerContext();
        JoranConfigurator configurator = new JoranConfigurator();
        configurator.setContext(context);
        configurator.doConfigure(
                Objects.requireNonNull(LogLineConverter.class.getResource("/logback.xml"), "the shipped logback.xml"));

        assertThat(context.getLogger("io.netty.bootstrap.Bootstrap").getEffectiveLevel())
                .isEqualTo(Level.ERROR);
        assertThat(context.getLogger("io.netty.channel").getEffectiveLevel()).isEqualTo(Level.WARN);
        assertThat(context.getLogger("io.grpc.netty").getEffectiveLevel()).isEqualTo(Level.WARN);
        assertThat(context.getLogger(Logger.ROOT_LOGGER_NAME).getLevel()).isEqualTo(Level.INFO);
    }

    private static LoggingEvent event(Level level) {
        LoggingEvent event = new LoggingEvent();
        event.setLevel(level);
        event.setTimeStamp(1_764_000_000_123L);
        return event;
    }
}
