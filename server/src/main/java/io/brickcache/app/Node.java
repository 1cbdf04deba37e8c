package io.brickcache.app;

import io.brickcache.admin.AdminServer;
import io.brickcache.admin.NodeAdministration;
import io.brickcache.block.IoOptions;
import io.brickcache.block.ring.IoEngine;
import io.brickcache.config.Config;
import io.brickcache.env.Clock;
import io.brickcache.env.Entropy;
import io.brickcache.mapping.NbdDevices;
import io.brickcache.mapping.NbdDriver;
import io.brickcache.nbd.NbdServer;
import io.brickcache.nbd.Transport;
import io.netty.channel.EventLoopGroup;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The service: all its parts, in the order in which they start and stop.
 *
 * <p>Start: lock, administration (which answers that the node is starting), caches, NBD. Stop: administration refuses
 * changes, NBD finishes what is in flight, caches commit and close, administration ends, lock. Dirty data stays on the SSDs:
 * a stop is quick.
 */
public final class Node implements NodeService {

    private static final Logger LOG = LoggerFactory.getLogger(Node.class);

    private static final long OPENING_US = TimeUnit.MINUTES.toMicros(10);

    private final Config config;
    private final SystemdNotifier systemd;
    private final Clock clock;
    private final Entropy entropy;
    private final NbdDriver driver;
    private final NbdDevices devices;
    private final Runnable stop;
    private final Lifecycle lifecycle = new Lifecycle();
    private final Exports exports = new Exports();
    private @Nullable Parts parts;

    /** What runs between start and stop. */
    private record Parts(
            StateLock lock,
            Catalog catalog,
            NodeAdministration operations,
            AdminServer admin,
            NbdServer nbd,
            EventLoopGroup acceptors,
            Watchdog watchdog,
            Rejoiner rejoiner,
            Mappings mappings) {}

    /**
     * A node that does not run yet.
     *
     * @param driver of the kernel
     * @param devices of this machine
     * @param stop asks whoever started the node to stop it
     */
    public Node(
            Config config,
            SystemdNotifier systemd,
            Clock clock,
            Entropy entropy,
            NbdDriver driver,
            NbdDevices devices,
            Runnable stop) {
        this.config = config;
        this.systemd = systemd;
        this.clock = clock;
        this.entropy = entropy;
        this.driver = driver;
        this.devices = devices;
        this.stop = stop;
    }

    @Override
    public void start() throws Exception {
        try (Rollback rollback = new Rollback()) {
            LOG.info("Starting with the state in {}", config.stateDirectory());
            StateLock lock = StateLock.take(config.stateDirectory());
            rollback.add(lock::close);
            IoEngine engine = IoEngine.choose(config.io());
            NodeContext context =
                    new NodeContext(config, engine, clock, entropy, new BrickLedger(config.stateDirectory()));
            NodeState state = new NodeState(config.stateDirectory());
            Catalog catalog = new Catalog(state);

            EventLoopGroup acceptors = engine.newGroup("nbd-accept", 1);
            rollback.add(() -> end(acceptors));
            NbdServer nbd = new NbdServer(config.nbd(), transport(engine), acceptors, exports);
            Views views = new Views(context, catalog, nbd, lifecycle);
            WriteLogs logs =
                    new WriteLogs(config.map().logDirectory(), config.map().logBytes(), devices.bootId());
            Fronts fronts = new Fronts(exports, logs);
            WithoutCache withoutCache = new WithoutCache(context, catalog, fronts);
            CacheOpener opener = new CacheOpener(context, catalog, fronts, withoutCache);
            Rejoiner rejoiner = new Rejoiner(context, lifecycle, catalog, opener, withoutCache, fronts);
            Protections protections = new Protections(
                    ProcessCalls.load(),
                    Path.of("/proc"),
                    driver,
                    systemd.watchdogUs().isPresent());
            protections.report();
            Mappings mappings = new Mappings(context, catalog, fronts, exports, nbd, driver, devices);
            BrickAttachment attachment = new BrickAttachment(context, catalog, fronts);
            NodeAdministration operations = new NodeOperations(
                    context,
                    lifecycle,
                    catalog,
                    views,
                    attachment,
                    new BrickDetachment(context, catalog, fronts, nbd),
                    new BrickDecision(context, catalog, fronts, withoutCache, attachment),
                    new BrickEnlargement(catalog, fronts),
                    rejoiner,
                    mappings,
                    protections,
                    stop);
            AdminServer admin = new AdminServer(
                    config.admin(),
                    operations,
                    new AdminServer.Transport(() -> engine.newGroup("admin-loop", 1), engine.unixServerChannel()),
                    clock);
            List<CacheEntry> found = opener.list(state.load());
            admin.start();
            rollback.add(admin::close);
            rollback.add(() -> stopCaches(catalog));
            open(found, opener);
            catalog.save();
            rollback.add(nbd::close);
            nbd.start();
            views.listening(nbd.boundAddresses());
            Watchdog watchdog = new Watchdog(systemd, catalog);
            parts = new Parts(lock, catalog, operations, admin, nbd, acceptors, watchdog, rejoiner, mappings);
            watchdog.start();
            lifecycle.serving();
            rejoiner.start();
            mappings.start();
            admin.serving();
            rollback.keep();
        }
        systemd.status("serving");
    }

    /** What the administration is served with, while the node runs. */
    NodeAdministration administration() {
        return running().operations();
    }

    private Parts running() {
        Parts running = parts;
        if (running == null) {
            throw new IllegalStateException("the node does not run");
        }
        return running;
    }

    private void open(List<CacheEntry> caches, CacheOpener opener) {
        for (int i = 0; i < caches.size(); i++) {
            String what = "opening cache " + caches.get(i).name() + " (" + (i + 1) + " of " + caches.size() + ")";
            lifecycle.starting(what);
            systemd.status(what);
            systemd.extendTimeout(OPENING_US);
            opener.open(caches.get(i));
        }
    }

    @Override
    public void stop() {
        Parts running = running();
        lifecycle.stopping();
        running.admin().notServing();
        StopSteps steps = new StopSteps(systemd, clock);
        steps.run("end of administrative changes", 60, () -> lifecycle.awaitIdle(TimeUnit.MINUTES.toNanos(1)));
        steps.run("looks for what is away", 60, () -> running.rejoiner().close());
        steps.run("mappings", 15, () -> running.mappings().close());
        steps.run("NBD", 60, () -> running.nbd().close());
        steps.run("write logs", 120, () -> running.mappings().settle());
        steps.run("watchdog", 10, () -> running.watchdog().close());
        steps.run("caches", 300, () -> stopCaches(running.catalog()));
        steps.run("NBD loops", 10, () -> end(running.acceptors()));
        steps.run("administration", 30, () -> running.admin().close());
        steps.run("state lock", 10, () -> running.lock().close());
        steps.check();
        LOG.info("Stopped");
    }

    /** Stops all caches at once; fails if one of them could not be stopped in order. */
    private static void stopCaches(Catalog catalog) {
        List<CompletableFuture<Void>> stopping = new ArrayList<>();
        for (CacheEntry entry : catalog.caches()) {
            LoopHost host = entry.host();
            if (host != null) {
                stopping.add(CompletableFuture.runAsync(() -> stop(catalog, entry, host), Node::onThreadOfItsOwn)
                        .thenRun(() -> LOG.info("Cache {}: closed", entry.name())));
            }
        }
        CompletableFuture.allOf(stopping.toArray(CompletableFuture[]::new)).join();
    }

    private static void stop(Catalog catalog, CacheEntry entry, LoopHost host) {
        RunningCache cache = entry.status().running();
        if (cache != null) {
            cache.stopAndSeal();
        }
        for (BrickEntry brick : catalog.bricksOf(entry)) {
            WithoutCache.release(brick.status().direct(), host);
        }
        host.close();
    }

    private static void onThreadOfItsOwn(Runnable task) {
        Thread thread = new Thread(task, "stop-cache");
        thread.setDaemon(true);
        thread.start();
    }

    private static Transport transport(IoEngine engine) {
        return engine.engine() == IoOptions.Engine.IO_URING ? Transport.IO_URING : Transport.EPOLL;
    }

    private static void end(EventLoopGroup group) {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
