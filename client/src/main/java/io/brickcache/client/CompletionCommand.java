package io.brickcache.client;

import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code brickcache completion ...} */
@Command(name = "completion", description = "Completion for shells.", synopsisSubcommandLabel = "COMMAND")
final class CompletionCommand {
    private final Brickcache root;

    @Spec
    private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli sets the spec before it runs a command
    CompletionCommand(Brickcache root) {
        this.root = root;
    }

    @Command(name = "bash", description = "Prints the completion for bash; use: . <(brickcache completion bash)")
    int bash() {
        CommandLine command = spec.root().commandLine();
        root.shell().out().print(AutoComplete.bash(command.getCommandName(), command));
        return ExitCode.DONE.number();
    }
}
