package io.brickcache.client;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * What is wrong with the arguments, for the operator. What no command knows comes first, whatever else is wrong: a misspelt
 * option is also a missing one, and "missing --size" does not help who has written {@code --siz}.
 */
final class UsageError {
    private final ParameterException found;

    /** Of the error that ended the parsing. */
    UsageError(ParameterException found) {
        this.found = found;
    }

    /** One line: what is wrong, and the command that says what is right. */
    String message() {
        // What the outer commands do not know stands before what the inner ones do not.
        Deque<CommandLine> outerFirst = new ArrayDeque<>();
        for (CommandLine at = found.getCommandLine(); at != null; at = at.getParent()) {
            outerFirst.push(at);
        }
        for (CommandLine command : outerFirst) {
            List<String> unknown = command.getUnmatchedArguments();
            if (!unknown.isEmpty()) {
                return line(command, unknown(command, unknown.get(0)));
            }
        }
        return line(found.getCommandLine(), String.valueOf(found.getMessage()).replace('\n', ' '));
    }

    private static String line(CommandLine command, String what) {
        return what + "; see " + command.getCommandSpec().qualifiedName() + " --help";
    }

    private static String unknown(CommandLine command, String argument) {
        CommandSpec spec = command.getCommandSpec();
        if (new UnmatchedArgumentException(command, List.of(argument)).isUnknownOption()) {
            String name = argument.startsWith("--") && argument.contains("=")
                    ? argument.substring(0, argument.indexOf('='))
                    : argument;
            return "Unknown option: '" + name + "'"
                    + nearest(name, spec.optionsMap().keySet());
        }
        boolean takesCommands =
                !spec.subcommands().isEmpty() && spec.positionalParameters().isEmpty();
        return takesCommands
                ? "Unknown command: '" + argument + "'"
                        + nearest(argument, spec.subcommands().keySet())
                : "Unexpected argument: '" + argument + "'";
    }

    private static String nearest(String written, Collection<String> names) {
        return Spelling.nearest(written, names)
                .map(name -> " (did you mean '" + name + "'?)")
                .orElse("");
    }
}
