package io.brickcache.client;

import io.brickcache.admin.v1.Cache;
import io.brickcache.admin.v1.CreateCacheRequest;
import io.brickcache.admin.v1.CreateCacheResponse;
import io.brickcache.admin.v1.DeleteCacheRequest;
import io.brickcache.admin.v1.GetCacheRequest;
import io.brickcache.admin.v1.ListCachesRequest;
import io.brickcache.admin.v1.ListCachesResponse;
import io.brickcache.admin.v1.RejoinCacheRequest;
import io.brickcache.admin.v1.ScrubCacheRequest;
import io.brickcache.admin.v1.ScrubResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code brickcache cache ...} */
@Command(name = "cache", description = "The SSD caches of the node.", synopsisSubcommandLabel = "COMMAND")
final class CacheCommand {
    private final Brickcache root;

    CacheCommand(Brickcache root) {
        this.root = root;
    }

    @Command(
            name = "create",
            description = "Creates a cache. Its data area is written through once, which takes a while.")
    int create(
            @Parameters(paramLabel = "NAME", description = "Name of the cache.") String name,
            @Option(
                            names = "--directory",
                            required = true,
                            paramLabel = "DIR",
                            description = "Directory on the SSD for the metadata and, without --data, the data area.")
                    Path directory,
            @Option(names = "--size", required = true, paramLabel = "SIZE", description = "Size of the data area.")
                    Long size,
            @Option(
                            names = "--block",
                            paramLabel = "SIZE",
                            defaultValue = "4KiB",
                            description = "Unit of caching: 4KiB, 8KiB, 16KiB, 32KiB or 64KiB; fixed for good."
                                    + " Default: ${DEFAULT-VALUE}")
                    Long block,
            @Option(
                            names = "--data",
                            paramLabel = "PATH",
                            description = "File or block device for the data area. What is on it is lost.")
                    @Nullable
                    Path data) {
        if (block < 1 || block > Integer.MAX_VALUE) {
            throw new Failure(ExitCode.USAGE, "--block: " + block + " is no block size; use 4KiB to 64KiB");
        }
        CreateCacheRequest request = CreateCacheRequest.newBuilder()
                .setName(name)
                .setDirectory(directory.toAbsolutePath().toString())
                .setSizeBytes(size)
                .setBlockBytes(block.intValue())
                .setDataPath(data == null ? "" : data.toAbsolutePath().toString())
                .build();
        return root.withDaemon(daemon -> {
            LongWork work = new LongWork(
                    root.shell(), daemon, "creating cache " + name, "the unfinished cache is taken away again");
            CreateCacheResponse last = work.follow(
                    () -> daemon.longCacheWork().createCache(request),
                    answer -> answer.hasProgress() ? Optional.of(answer.getProgress()) : Optional.empty());
            Cache created = last.getCache();
            String memory = created.getMemoryBytes() == 0
                    ? ""
                    : "; takes " + Units.size(created.getMemoryBytes()) + " of memory";
            return root.report(created, "cache " + name + " created, " + Units.size(created.getSizeBytes()) + memory);
        });
    }

    @Command(name = "list", description = "Lists the caches.")
    int list() {
        return root.withDaemon(daemon -> {
            ListCachesResponse.Builder all = ListCachesResponse.newBuilder();
            daemon.askPages(
                            token -> daemon.caches()
                                    .listCaches(ListCachesRequest.newBuilder()
                                            .setPageToken(token)
                                            .build()),
                            ListCachesResponse::getNextPageToken)
                    .forEach(page -> all.addAllCaches(page.getCachesList()));
            return root.print(all.build(), Tables.caches(all.getCachesList()));
        });
    }

    @Command(name = "show", description = "Shows all of one cache.")
    int show(@Parameters(paramLabel = "NAME", description = "Name of the cache.") String name) {
        return root.withDaemon(daemon -> {
            GetCacheRequest request = GetCacheRequest.newBuilder().setName(name).build();
            Cache cache = daemon.ask(() -> daemon.caches().getCache(request)).getCache();
            return root.print(cache, Tables.cache(cache));
        });
    }

    @Command(
            name = "scrub",
            description = "Checks everything on the SSD. What is damaged is read again from the disk; what only the SSD"
                    + " had is lost, and the command ends with 1. Ctrl-C stops it.")
    int scrub(
            @Parameters(paramLabel = "NAME", description = "Name of the cache.") String name,
            @Option(
                            names = "--rate",
                            paramLabel = "SIZE/s",
                            converter = RateConverter.class,
                            description = "Reads no faster, such as 64MiB/s. Default: cache.scrub_rate of the service.")
                    @Nullable
                    Long rate) {
        ScrubCacheRequest request = ScrubCacheRequest.newBuilder()
                .setName(name)
                .setBytesPerSecond(rate == null ? 0 : rate)
                .build();
        return root.withDaemon(daemon -> {
            LongWork work = new LongWork(
                    root.shell(), daemon, "scrubbing cache " + name, "what was found until then is healed and listed");
            ScrubResult result = work.follow(
                            () -> daemon.longCacheWork().scrubCache(request),
                            answer -> answer.hasProgress() ? Optional.of(answer.getProgress()) : Optional.empty())
                    .getResult();
            root.print(result, Tables.scrub(result));
            if (result.getLostBlocks() == 0) {
                return ExitCode.DONE;
            }
            root.shell()
                    .say((result.getLostBlocks() == 1
                                    ? "1 block that only the SSD had is"
                                    : result.getLostBlocks() + " blocks that only the SSD had are")
                            + " lost; list them with:"
                            + " brickcache brick lost BRICK");
            return ExitCode.FAILED;
        });
    }

    @Command(name = "delete", description = "Deletes a cache that serves no brick.")
    int delete(
            @Parameters(paramLabel = "NAME", description = "Name of the cache.") String name,
            @Option(names = "--yes", description = "Does not ask.") boolean yes,
            @Option(names = "--force", description = "If the cache is unavailable: detaches its bricks first.")
                    boolean force,
            @Option(
                            names = "--give-up-dirty",
                            description = "With --force: what only the cache has may be lost for good.")
                    boolean giveUpDirty) {
        if (giveUpDirty && !force) {
            throw new Failure(ExitCode.USAGE, "--give-up-dirty goes with --force only");
        }
        if (!yes) {
            confirm(name);
        }
        return root.withDaemon(daemon -> {
            DeleteCacheRequest request = DeleteCacheRequest.newBuilder()
                    .setName(name)
                    .setForce(force)
                    .setGiveUpDirty(giveUpDirty)
                    .build();
            Cache cache = daemon.ask(() -> daemon.caches().deleteCache(request)).getCache();
            return root.report(cache, "cache " + name + " deleted");
        });
    }

    @Command(
            name = "rejoin",
            description =
                    "Opens a cache that is unavailable, below its bricks, instead of waiting for the service to try.")
    int rejoin(@Parameters(paramLabel = "NAME", description = "Name of the cache.") String name) {
        return root.withDaemon(daemon -> {
            RejoinCacheRequest request =
                    RejoinCacheRequest.newBuilder().setName(name).build();
            Cache cache = daemon.ask(() -> daemon.caches().rejoinCache(request)).getCache();
            return root.report(cache, "cache " + name + " serves again");
        });
    }

    private void confirm(String name) {
        Shell shell = root.shell();
        if (!shell.interactive()) {
            throw new Failure(
                    ExitCode.USAGE, "nobody is there to confirm the deletion of cache " + name + "; add --yes");
        }
        shell.err().print("This deletes cache " + name + ". Type its name to go on: ");
        shell.err().flush();
        try {
            if (!name.equals(shell.answer())) {
                throw new Failure(ExitCode.FAILED, "cache " + name + " is not deleted; the name was not confirmed");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
