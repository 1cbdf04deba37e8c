package io.brickcache.client;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/** The command {@code brickcache}. */
public final class Main {
    // Held, since java.util.logging forgets the levels of loggers that nobody holds.
    private static final Logger ROOT_LOGGER = Logger.getLogger("");

    private Main() {}

    public static void main(String[] args) {
        // What the libraries have to say is in the error that the operator gets.
        ROOT_LOGGER.setLevel(Level.OFF);
        int exit = run(Shell.ofProcess(), args);
        System.out.flush();
        System.exit(exit);
    }

    /** Runs one command and answers with its exit code. */
    static int run(Shell shell, String... args) {
        CommandLine command = command(shell);
        command.setParameterExceptionHandler((e, arguments) -> usageError(shell, e));
        command.setExecutionExceptionHandler((e, failed, parsed) -> executionError(shell, e));
        return command.execute(args);
    }

    private static CommandLine command(Shell shell) {
        Brickcache root = new Brickcache(shell);
        return new CommandLine(root)
                .addSubcommand(new StatusCommand(root))
                .addSubcommand(new CacheCommand(root))
                .addSubcommand(new BrickCommand(root))
                .addSubcommand(new SimulateCommand(root))
                .addSubcommand(new MapCommand(root))
                .addSubcommand(new UnmapCommand(root))
                .addSubcommand(new ShowMappedCommand(root))
                .addSubcommand(new NodeCommand(root))
                .addSubcommand(new DrainCommand(root))
                .addSubcommand(new VersionCommand(root))
                .addSubcommand(new CompletionCommand(root))
                .registerConverter(Long.class, Units::parseSize)
                .registerConverter(Duration.class, Units::parseTime)
                .registerConverter(Path.class, Main::path)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUnmatchedOptionsAllowedAsOptionParameters(false)
                .setColorScheme(Help.defaultColorScheme(shell.coloured() ? Help.Ansi.ON : Help.Ansi.OFF))
                .setOut(new PrintWriter(shell.out(), true, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(shell.err(), true, StandardCharsets.UTF_8));
    }

    /** An empty path would be the directory in which the command is run: hardly what {@code --directory "$UNSET"} means. */
    private static Path path(String text) {
        if (text.isEmpty()) {
            throw new TypeConversionException("no path is given");
        }
        return Path.of(text);
    }

    private static int usageError(Shell shell, ParameterException e) {
        shell.say(new UsageError(e).message());
        return ExitCode.USAGE.number();
    }

    private static int executionError(Shell shell, Exception e) {
        if (e instanceof LongWork.Interrupted interrupted) {
            return interrupted.exitNumber();
        }
        if (e instanceof Failure failure) {
            shell.say(failure.getMessage());
            return failure.exitCode().number();
        }
        shell.say("a fault of this program, please report it: " + e);
        return ExitCode.FAILED.number();
    }
}
