package io.brickcache.client;

/** The command cannot do what it was asked: a message "what; remedy" for the operator, and how to end. */
final class Failure extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final ExitCode exitCode;
    private final String message;

    Failure(ExitCode exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
        this.message = message;
    }

    @Override
    public String getMessage() {
        return message;
    }

    ExitCode exitCode() {
        return exitCode;
    }
}
