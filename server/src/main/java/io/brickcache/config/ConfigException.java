package io.brickcache.config;

import java.util.List;
import java.util.stream.Collectors;

/** The configuration file cannot be used: all that is wrong with it, a line for each problem. */
public final class ConfigException extends Exception {

    /**
     * One thing that is wrong.
     *
     * @param line from 1, or 0 if the problem is not in a line
     * @param column from 1, or 0 likewise
     */
    public record Problem(String file, int line, int column, String message) {

        /** {@code file:line:column: message}. */
        @Override
        public String toString() {
            return (line == 0 ? file : file + ":" + line + ":" + column) + ": " + message;
        }
    }

    private static final long serialVersionUID = 1;

    private final transient List<Problem> problems;

    public ConfigException(List<Problem> problems) {
        super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
        this.problems = List.copyOf(problems);
    }

    /** In the order of the file. */
    public List<Problem> problems() {
        return problems;
    }
}
