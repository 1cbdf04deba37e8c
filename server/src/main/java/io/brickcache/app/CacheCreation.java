package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.NodeAdministration;
import io.brickcache.admin.NodeAdministration.CacheSpec;
import io.brickcache.admin.Progress;
import io.brickcache.admin.Reason;
import io.brickcache.app.KnownCache.Origin;
import io.brickcache.block.BlockDevice;
import io.brickcache.block.IoStatus;
import io.brickcache.block.OpenedDevice;
import io.brickcache.cache.Cache;
import io.brickcache.cache.CacheMetadata;
import io.brickcache.cache.data.SsdLayout;
import io.brickcache.cache.index.BlockShape;
import io.brickcache.cache.index.CacheRecord;
import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.meta.CommitLog;
import io.brickcache.meta.MetadataStores;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Makes one cache and runs it; a failure or a cancellation leaves nothing behind. Blocks; used once. */
final class CacheCreation {

    private final NodeContext context;
    private final KnownCache known;
    private final SsdLayout layout;
    private final LongWork work;

    private CacheCreation(NodeContext context, KnownCache known, SsdLayout layout, LongWork work) {
        this.context = context;
        this.known = known;
        this.layout = layout;
        this.work = work;
    }

    /** Checks what is asked for; nothing is made yet. */
    static CacheCreation plan(NodeContext context, CacheSpec spec, LongWork work) {
        BlockShape shape = new BlockShape(spec.blockBytes());
        long slots = SsdLayout.slotsIn(spec.sizeBytes(), shape);
        if (spec.sizeBytes() < NodeAdministration.MIN_CACHE_BYTES) {
            throw AdminException.invalid(
                    "size_bytes",
                    spec.sizeBytes() + " is too small",
                    "use at least " + NodeAdministration.MIN_CACHE_BYTES);
        }
        if (slots > SsdLayout.MAX_SLOTS) {
            throw AdminException.invalid(
                    "size_bytes",
                    spec.sizeBytes() + " makes more than " + SsdLayout.MAX_SLOTS + " blocks of " + spec.blockBytes(),
                    "use larger blocks, or divide it into several caches");
        }
        CacheMemory memory = CacheMemory.of(slots, context.config().cache());
        memory.checkHeap(spec.name());
        memory.checkMachine(spec.name());
        CacheFiles.checkDirectory(spec.directory());
        SsdLayout layout = new SsdLayout(context.entropy().nextUuid(), shape, (int) slots);
        Path given = spec.dataPath();
        KnownCache known = new KnownCache(
                spec.name(),
                layout.cache(),
                spec.directory(),
                given == null ? spec.directory().resolve("data") : given,
                given == null ? Origin.OWN_FILE : Origin.GIVEN,
                spec.blockBytes(),
                layout.slots(),
                KnownCache.Phase.CREATING,
                List.of());
        CacheFiles.checkVacant(known);
        return new CacheCreation(context, known, layout, work);
    }

    KnownCache known() {
        return known;
    }

    /** Makes the cache, runs it, and hands it over; a failure of that undoes the rest, too. */
    void create(Consumer<RunningCache> taker) {
        try (Rollback rollback = new Rollback()) {
            makeFiles(rollback);
            LoopHost host = context.startLoop(known.name());
            rollback.add(host::close);
            BlockDevice ssd = context.device(openDataArea(), host);
            rollback.add(() -> host.close(ssd));
            checkUnused(host, ssd);
            format(host, ssd);
            MetadataStore store = MetadataStores.create(
                    known.metadataDirectory(),
                    new CommitLog(ssd, SsdLayout.LOG_OFFSET, ByteBuffer.allocate(SsdLayout.LOG_BYTES), known.uuid()),
                    context.spareJournal(known.uuid()),
                    known.uuid(),
                    context.metaOptions(),
                    host.loop());
            rollback.add(store::close);
            CacheRecord record = new CacheRecord(known.uuid(), known.blockBytes(), known.slots(), 0, true);
            putRecord(host, store, record);
            RunningCache running = run(host, store, ssd, record);
            rollback.add(() -> host.await(running.cache()::stop));
            taker.accept(running);
            rollback.keep();
        } catch (MetadataException e) {
            throw Failures.of(e);
        } catch (IOException e) {
            throw Failures.of("cache " + known.name() + " cannot be made", e);
        }
    }

    private RunningCache run(LoopHost host, MetadataStore store, BlockDevice ssd, CacheRecord record)
            throws MetadataException, IOException {
        Cache cache = Cache.load(
                new CacheMetadata(record, List.of(), null),
                store,
                host.loop(),
                ssd,
                context.config().cache(),
                brick -> new MissingDisk(brick.name(), brick.sizeBytes()));
        cache.tell(host.ledger());
        LoadedCache loaded = new LoadedCache(known, host, store, ssd, cache, record, List.of(), new Rollback());
        return new CacheStart(context, loaded).start();
    }

    private void makeFiles(Rollback rollback) throws IOException {
        Path directory = known.directory();
        if (!Files.exists(directory)) {
            Files.createDirectory(directory);
            rollback.add(() -> Files.delete(directory));
        }
        rollback.add(() -> CacheFiles.delete(known));
        if (known.origin() == Origin.OWN_FILE) {
            CacheFiles.createDataFile(known, layout.areaBytes());
        }
    }

    private OpenedDevice openDataArea() throws IOException {
        OpenedDevice opened = context.open(known.dataPath());
        long size = opened.geometry().sizeBytes();
        if (size < layout.areaBytes()) {
            opened.close();
            throw new AdminException(
                    Reason.DEVICE_UNSUITABLE,
                    known.dataPath() + " has " + size + " bytes, " + layout.areaBytes() + " are asked for",
                    "ask for less with --size",
                    Map.of("path", known.dataPath().toString(), "size_bytes", Long.toString(size)));
        }
        return opened;
    }

    /** A device or file of the operator may hold something that somebody still wants. */
    private void checkUnused(LoopHost host, BlockDevice ssd) {
        if (known.origin() == Origin.OWN_FILE) {
            return;
        }
        String found = Signatures.recognise(new DeviceStart(host, ssd).read(Signatures.BYTES));
        if (found != null) {
            Path path = known.dataPath();
            throw new AdminException(
                    Reason.DEVICE_UNSUITABLE,
                    path + " holds " + found,
                    "choose another one, or, if nobody needs that, overwrite it with: "
                            + (found.equals(Signatures.OWN) ? "dd if=/dev/zero bs=4096 count=1 of=" : "wipefs -a ")
                            + path,
                    Map.of("path", path.toString(), "found", found));
        }
    }

    /** Writes the area through, and then the superblock, which makes it a data area. */
    private void format(LoopHost host, BlockDevice ssd) {
        String what = "the creation of cache " + known.name();
        long total = layout.areaBytes();
        DataAreaWriter writer = new DataAreaWriter(
                ssd, Objects.requireNonNull(host.buffers().tryAllocate(DataAreaWriter.REQUEST_BYTES)), total);
        CompletableFuture<IoStatus> written = host.call(writer::start);
        IoStatus status = work.follow(
                written, () -> new Progress(writer.doneBytes(), total, Progress.Unit.BYTES), writer::cancel);
        if (!status.isOk()) {
            throw Failures.io(known.dataPath() + " cannot be written through");
        }
        if (writer.doneBytes() < total) {
            throw work.unwanted(what);
        }
        ByteBuffer superblock = ByteBuffer.allocate(SsdLayout.SUPERBLOCK_BYTES);
        layout.encode(superblock);
        new DeviceStart(host, ssd).write(superblock.flip());
        work.checkWanted(what);
    }

    private static void putRecord(LoopHost host, MetadataStore store, CacheRecord record) throws MetadataException {
        MetadataBatch batch = new MetadataBatch();
        batch.put(Family.CACHE, CacheRecord.key(), record.encode());
        CompletableFuture<IoStatus> ended = new CompletableFuture<>();
        CompletableFuture<@Nullable MetadataException> failure = new CompletableFuture<>();
        host.call(() -> {
            store.commit(batch, outcome -> {
                failure.complete(outcome);
                ended.complete(IoStatus.OK);
            });
            return true;
        });
        LoopHost.finish(ended);
        MetadataException outcome = failure.join();
        if (outcome != null) {
            throw outcome;
        }
    }
}
