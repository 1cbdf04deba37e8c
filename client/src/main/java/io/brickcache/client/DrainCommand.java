package io.brickcache.client;

import io.brickcache.admin.v1.Brick;
import io.brickcache.admin.v1.FlushBrickRequest;
import io.brickcache.admin.v1.FlushBrickResponse;
import io.brickcache.admin.v1.ListBricksRequest;
import io.brickcache.admin.v1.ListBricksResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code brickcache drain} */
@Command(
        name = "drain",
        description =
                "Writes what is dirty in every cache of the node to the disks, brick by brick, before maintenance."
                        + " Ctrl-C stops it. Bricks go on being served; what is written to them meanwhile is dirty again.")
final class DrainCommand implements Callable<Integer> {
    private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

    private final Brickcache root;

    @Parameters(
            paramLabel = "NODE",
            arity = "0..1",
            description = "The name of this machine, to be sure that it is the right one.")
    private @Nullable String node;

    DrainCommand(Brickcache root) {
        this.root = root;
    }

    @Override
    public Integer call() {
        checkNode();
        return root.withDaemon(daemon -> {
            List<Brick> flushed = new ArrayList<>();
            List<String> failures = new ArrayList<>();
            List<Brick> bricks = bricks(daemon);
            for (Brick brick : bricks) {
                String what = "draining brick " + brick.getName() + " (" + (flushed.size() + failures.size() + 1)
                        + " of " + bricks.size() + ")";
                FlushBrickRequest request =
                        FlushBrickRequest.newBuilder().setName(brick.getName()).build();
                LongWork work = new LongWork(root.shell(), daemon, what, "what the disks lack stays safe on the SSDs");
                try {
                    FlushBrickResponse last = work.follow(
                            () -> daemon.longBrickWork().flushBrick(request),
                            answer -> answer.hasProgress() ? Optional.of(answer.getProgress()) : Optional.empty());
                    flushed.add(last.getBrick());
                } catch (Failure e) {
                    failures.add(brick.getName());
                    root.shell().say(e.getMessage());
                }
            }
            long dirtyBytes = flushed.stream().mapToLong(Brick::getDirtyBytes).sum();
            root.report(
                    Map.of("bricks", flushed, "failed", failures),
                    flushed.size() + " of " + bricks.size() + " bricks drained, " + Units.size(dirtyBytes)
                            + " written since are dirty");
            return failures.isEmpty() ? ExitCode.DONE : ExitCode.FAILED;
        });
    }

    /** The command works on the node at the other end of its socket: this one. */
    private void checkNode() {
        String wanted = node;
        if (wanted == null) {
            return;
        }
        String name;
        try {
            name = Files.readString(HOST_NAME).strip();
        } catch (IOException e) {
            name = "";
        }
        if (!wanted.equals(name)) {
            throw new Failure(
                    ExitCode.USAGE, "this node is '" + name + "', not '" + wanted + "'; run the command on " + wanted);
        }
    }

    private static List<Brick> bricks(Daemon daemon) {
        List<Brick> all = new ArrayList<>();
        String token = "";
        do {
            ListBricksRequest request =
                    ListBricksRequest.newBuilder().setPageToken(token).build();
            ListBricksResponse page = daemon.ask(() -> daemon.bricks().listBricks(request));
            all.addAll(page.getBricksList());
            token = page.getNextPageToken();
        } while (!token.isEmpty());
        return all;
    }
}
