package io.brickcache.client;

import io.brickcache.admin.v1.AttachBrickRequest;
import io.brickcache.admin.v1.Brick;
import io.brickcache.admin.v1.BrickDecision;
import io.brickcache.admin.v1.DecideBrickRequest;
import io.brickcache.admin.v1.DetachBrickRequest;
import io.brickcache.admin.v1.DetachBrickResponse;
import io.brickcache.admin.v1.FlushBrickRequest;
import io.brickcache.admin.v1.FlushBrickResponse;
import io.brickcache.admin.v1.GetBrickRequest;
import io.brickcache.admin.v1.GrowBrickRequest;
import io.brickcache.admin.v1.GrowBrickResponse;
import io.brickcache.admin.v1.ListBricksRequest;
import io.brickcache.admin.v1.ListBricksResponse;
import io.brickcache.admin.v1.ListLostRequest;
import io.brickcache.admin.v1.ListLostResponse;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code brickcache brick ...} */
@Command(name = "brick", description = "The bricks of the node.", synopsisSubcommandLabel = "COMMAND")
final class BrickCommand {
    private final Brickcache root;

    BrickCommand(Brickcache root) {
        this.root = root;
    }

    @Command(
            name = "attach",
            description = "Puts a cache in front of a device, as it is, and prints where it is served; or, with"
                    + " --keep-disk or --keep-cache, decides about a brick that is fenced or unavailable.")
    int attach(
            @Parameters(paramLabel = "NAME", description = "Name of the brick and of its NBD export.") String name,
            @Option(names = "--cache", paramLabel = "CACHE", description = "Name of the cache.") @Nullable String cache,
            @Option(
                            names = "--device",
                            paramLabel = "PATH",
                            description = "Block device or file; best by a stable name: /dev/disk/by-id/...")
                    @Nullable
                    Path device,
            @Option(
                            names = "--keep-disk",
                            description = "Serves the disk as it is and forgets what the cache has of it.")
                    boolean keepDisk,
            @Option(
                            names = "--keep-cache",
                            description = "Writes what is dirty in the cache onto the disk; forgets what else the"
                                    + " cache has of it.")
                    boolean keepCache,
            @Option(
                            names = "--give-up-dirty",
                            description = "With --keep-disk: what only the cache has may be lost for good.")
                    boolean giveUpDirty) {
        if (keepDisk || keepCache) {
            if (cache != null || device != null || keepDisk == keepCache || giveUpDirty && keepCache) {
                throw new Failure(
                        ExitCode.USAGE,
                        "brick attach NAME takes either --cache and --device, or --keep-disk [--give-up-dirty], or"
                                + " --keep-cache");
            }
            return decide(
                    name,
                    keepDisk ? BrickDecision.BRICK_DECISION_KEEP_DISK : BrickDecision.BRICK_DECISION_KEEP_CACHE,
                    giveUpDirty);
        }
        if (cache == null || device == null || giveUpDirty) {
            throw new Failure(
                    ExitCode.USAGE,
                    "brick attach NAME needs --cache and --device, or --keep-disk or --keep-cache for a brick that is"
                            + " fenced or unavailable");
        }
        AttachBrickRequest request = AttachBrickRequest.newBuilder()
                .setName(name)
                .setCache(cache)
                .setDevicePath(device.toAbsolutePath().toString())
                .build();
        return root.withDaemon(daemon -> {
            Brick brick = daemon.ask(() -> daemon.bricks().attachBrick(request)).getBrick();
            return root.print(brick, () -> {
                root.shell().say("brick " + name + " attached, " + Units.size(brick.getSizeBytes()));
                brick.getExportUrisList().forEach(root.shell().out()::println);
            });
        });
    }

    private int decide(String name, BrickDecision decision, boolean giveUpDirty) {
        DecideBrickRequest request = DecideBrickRequest.newBuilder()
                .setName(name)
                .setDecision(decision)
                .setGiveUpDirty(giveUpDirty)
                .build();
        return root.withDaemon(daemon -> {
            Brick brick = daemon.ask(() -> daemon.bricks().decideBrick(request)).getBrick();
            String kept = decision == BrickDecision.BRICK_DECISION_KEEP_DISK
                    ? "its disk is kept as it is"
                    : Units.size(brick.getDirtyBytes()) + " from its cache go onto its disk";
            return root.report(brick, "brick " + name + " is " + Labels.of(brick.getState()) + ", " + kept);
        });
    }

    @Command(name = "detach", description = "Stops serving a brick. Refused while its disk lacks data, unless --flush.")
    int detach(
            @Parameters(paramLabel = "NAME", description = "Name of the brick.") String name,
            @Option(names = "--flush", description = "Writes what the disk lacks to it first.") boolean flush,
            @Option(
                            names = "--give-up-lost",
                            description = "Detaches although blocks are lost, with --flush: the older content that the"
                                    + " disk has there becomes valid. See: brickcache brick lost NAME")
                    boolean giveUpLost,
            @Option(
                            names = "--give-up-dirty",
                            description =
                                    "For a brick that is fenced or unavailable, as when its disk is gone for good:"
                                            + " detaches it although only the SSD has some of its data, which is lost.")
                    boolean giveUpDirty) {
        if (giveUpDirty && flush) {
            throw new Failure(ExitCode.USAGE, "--give-up-dirty: not together with --flush, use one of them");
        }
        if (giveUpLost && !flush) {
            throw new Failure(
                    ExitCode.USAGE, "--give-up-lost: only together with --flush, so that what can be read is saved");
        }
        DetachBrickRequest request = DetachBrickRequest.newBuilder()
                .setName(name)
                .setFlush(flush)
                .setGiveUpLost(giveUpLost)
                .setGiveUpDirty(giveUpDirty)
                .build();
        return root.withDaemon(daemon -> {
            LongWork work = new LongWork(root.shell(), daemon, "detaching brick " + name, "the brick stays attached");
            DetachBrickResponse last = work.follow(
                    () -> daemon.longBrickWork().detachBrick(request),
                    answer -> answer.hasProgress() ? Optional.of(answer.getProgress()) : Optional.empty());
            return root.report(last.getBrick(), "brick " + name + " detached, " + left(last.getBrick(), giveUpDirty));
        });
    }

    private static String left(Brick last, boolean gaveUpDirty) {
        if (gaveUpDirty && last.getDirtyBytes() > 0) {
            return Units.size(last.getDirtyBytes()) + " that only the SSD had are given up";
        }
        return last.getLostBlocks() == 0
                ? "its disk has everything"
                : "its disk has everything but " + last.getLostBlocks() + " lost blocks, where it has older content";
    }

    @Command(
            name = "lost",
            description = "Lists what is lost: newer on the SSD than on the disk, and the SSD cannot give it back."
                    + " Reads of it fail until it is overwritten.")
    int lost(@Parameters(paramLabel = "NAME", description = "Name of the brick.") String name) {
        return root.withDaemon(daemon -> {
            ListLostResponse.Builder all = ListLostResponse.newBuilder();
            daemon.askPages(
                            token -> daemon.bricks()
                                    .listLost(ListLostRequest.newBuilder()
                                            .setName(name)
                                            .setPageToken(token)
                                            .build()),
                            ListLostResponse::getNextPageToken)
                    .forEach(page -> all.addAllRanges(page.getRangesList()).setTruncated(page.getTruncated()));
            if (all.getTruncated()) {
                root.shell().say("more is lost than is listed; overwrite some, then scrub the cache");
            }
            return root.print(all.build(), Tables.lost(all.getRangesList()));
        });
    }

    @Command(name = "list", description = "Lists the bricks.")
    int list(
            @Option(
                            names = "--cache",
                            paramLabel = "CACHE",
                            defaultValue = "",
                            description = "Only the bricks of this cache.")
                    String cache) {
        return root.withDaemon(daemon -> {
            ListBricksResponse.Builder all = ListBricksResponse.newBuilder();
            daemon.askPages(
                            token -> daemon.bricks()
                                    .listBricks(ListBricksRequest.newBuilder()
                                            .setPageToken(token)
                                            .setCache(cache)
                                            .build()),
                            ListBricksResponse::getNextPageToken)
                    .forEach(page -> all.addAllBricks(page.getBricksList()));
            return root.print(all.build(), Tables.bricks(all.getBricksList()));
        });
    }

    @Command(name = "show", description = "Shows all of one brick.")
    int show(@Parameters(paramLabel = "NAME", description = "Name of the brick.") String name) {
        return root.withDaemon(daemon -> {
            GetBrickRequest request = GetBrickRequest.newBuilder().setName(name).build();
            Brick brick = daemon.ask(() -> daemon.bricks().getBrick(request)).getBrick();
            return root.print(brick, Tables.brick(brick));
        });
    }

    @Command(
            name = "grow",
            description =
                    "Lets a brick have all of its disk, which was made larger, while it is served and mounted; its"
                            + " block device follows. Then grow the file system.")
    int grow(@Parameters(paramLabel = "NAME", description = "Name of the brick.") String name) {
        GrowBrickRequest request = GrowBrickRequest.newBuilder().setName(name).build();
        return root.withDaemon(daemon -> {
            GrowBrickResponse grown = daemon.ask(() -> daemon.bricks().growBrick(request));
            ExitCode printed = root.print(grown, () -> {});
            GrowthReport report = new GrowthReport(grown);
            report.lines().forEach(root.shell()::say);
            return report.hasFollowed() ? printed : ExitCode.FAILED;
        });
    }

    @Command(name = "flush", description = "Writes what is dirty now to the disk. Ctrl-C stops it.")
    int flush(@Parameters(paramLabel = "NAME", description = "Name of the brick.") String name) {
        FlushBrickRequest request = FlushBrickRequest.newBuilder().setName(name).build();
        return root.withDaemon(daemon -> {
            LongWork work = new LongWork(
                    root.shell(), daemon, "flushing brick " + name, "what the disk lacks stays safe on the SSD");
            FlushBrickResponse last = work.follow(
                    () -> daemon.longBrickWork().flushBrick(request),
                    answer -> answer.hasProgress() ? Optional.of(answer.getProgress()) : Optional.empty());
            return root.report(
                    last.getBrick(),
                    "brick " + name + " flushed, " + Units.size(last.getBrick().getDirtyBytes())
                            + " written since are dirty");
        });
    }
}
