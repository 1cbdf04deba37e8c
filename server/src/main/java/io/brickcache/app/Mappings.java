package io.brickcache.app;

import io.brickcache.admin.AdminException;
import io.brickcache.admin.MappingView;
import io.brickcache.admin.Reason;
import io.brickcache.block.Geometry;
import io.brickcache.block.nativeio.Descriptor;
import io.brickcache.block.nativeio.DeviceException;
import io.brickcache.mapping.DeviceSpec;
import io.brickcache.mapping.MapOptions;
import io.brickcache.mapping.MappingException;
import io.brickcache.mapping.MappingFile;
import io.brickcache.mapping.NbdDevices;
import io.brickcache.mapping.NbdDriver;
import io.brickcache.nbd.NbdServer;
import io.brickcache.nbd.handshake.Export;
import io.brickcache.nbd.transmission.ExportProfile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bricks as block devices of the kernel: maps and unmaps them, and keeps what is mapped connected. Once a second it looks
 * at every device: dead connections are replaced as soon as the brick is served, and the size follows the brick's. Devices
 * that an earlier service of this boot made are found again at the start; their requests wait in the kernel until then.
 * Thread-safe.
 */
final class Mappings implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Mappings.class);

    private static final String BACKEND_PREFIX = "brickcache/";
    private static final Path LINKS = Path.of("/dev/brickcache");
    private static final long LOOK_SECONDS = 1;
    private static final long STOP_SECONDS = 10;
    private static final int ANY_DEVICE = -1;

    private final NodeContext context;
    private final Catalog catalog;
    private final Fronts fronts;
    private final Exports exports;
    private final NbdServer nbd;
    private final NbdDriver driver;
    private final NbdDevices devices;
    private final MappingFile file;
    private final String bootId;
    private final Map<String, MappedBrick> mapped = new TreeMap<>();
    private @Nullable ScheduledExecutorService keeper;

    Mappings(
            NodeContext context,
            Catalog catalog,
            Fronts fronts,
            Exports exports,
            NbdServer nbd,
            NbdDriver driver,
            NbdDevices devices) {
        this.context = context;
        this.catalog = catalog;
        this.fronts = fronts;
        this.exports = exports;
        this.nbd = nbd;
        this.driver = driver;
        this.devices = devices;
        this.file = new MappingFile(context.config().stateDirectory());
        this.bootId = devices.bootId();
    }

    private MapOptions options() {
        return context.config().map();
    }

    /** Maps the brick; answers with its device, also if it was mapped before. */
    synchronized MappingView map(BrickEntry brick) {
        MappedBrick known = mapped.get(brick.name());
        if (known != null) {
            return view(known);
        }
        Export export = exports.find(brick.name());
        if (export == null) {
            throw new AdminException(
                    Reason.CACHE_UNAVAILABLE,
                    "brick " + brick.name() + " is not served now: "
                            + brick.status().reason(),
                    "look at it with: brickcache brick show " + brick.name(),
                    Map.of("brick", brick.name(), "cache", brick.cache().name()));
        }
        try {
            fronts.keepChanges(brick, export);
            MappedBrick made = connect(export, ANY_DEVICE);
            mapped.put(brick.name(), made);
            try {
                save();
            } catch (IOException e) {
                mapped.remove(brick.name());
                made.leave();
                driver.disconnect(made.index());
                throw e;
            }
            LOG.info("Brick {}: mapped as {}", brick.name(), made.path());
            return view(made);
        } catch (IOException e) {
            fronts.stopKeepingChanges(brick, export);
            throw failure("brick " + brick.name() + " cannot be mapped", e);
        }
    }

    /** Unmaps a brick by its name, its device, or the link to that; answers with what it was. */
    synchronized MappingView unmap(String name) {
        MappedBrick known = find(name);
        MappingView last = view(known);
        checkUnused(known, last);
        known.leave();
        try {
            driver.disconnect(known.index());
        } catch (MappingException e) {
            if (e.reason() != MappingException.Reason.NOT_CONNECTED) {
                known.stay();
                throw failure("brick " + known.brick() + " cannot be unmapped", e);
            }
            LOG.info("Brick {}: {} was gone already", known.brick(), known.path());
        }
        mapped.remove(known.brick());
        saveIfPossible();
        stopKeepingChanges(known.brick());
        LOG.info("Brick {}: unmapped, was {}", known.brick(), known.path());
        return last;
    }

    private void stopKeepingChanges(String brick) {
        Export export = exports.find(brick);
        if (export != null) {
            fronts.stopKeepingChanges(catalog.brick(brick), export);
        }
    }

    synchronized List<MappingView> list() {
        return mapped.values().stream().map(this::view).toList();
    }

    /** Throws if the brick is mapped. */
    synchronized void checkNotMapped(String brick) {
        MappedBrick known = mapped.get(brick);
        if (known != null) {
            throw AdminException.brickMapped(brick, known.path());
        }
    }

    /** Throws if something uses a mapped device. */
    synchronized void checkNoneUsed() {
        for (MappedBrick known : mapped.values()) {
            List<String> users = devices.users(known.index());
            if (!users.isEmpty()) {
                throw inUse(known, users, "unmount it first, or stop all the same with: brickcache node stop --force");
            }
        }
    }

    private MappedBrick find(String name) {
        OptionalInt index = NbdDevices.indexOf(name);
        String brick =
                name.startsWith(LINKS + "/") ? name.substring(LINKS.toString().length() + 1) : name;
        return mapped.values().stream()
                .filter(known -> index.isPresent()
                        ? known.index() == index.getAsInt()
                        : known.brick().equals(brick))
                .findFirst()
                .orElseThrow(() -> AdminException.notMapped(name));
    }

    private void checkUnused(MappedBrick known, MappingView view) {
        if (!view.users().isEmpty()) {
            throw inUse(known, view.users(), "unmount it first");
        }
        if (view.state() == MappingView.State.WAITING) {
            return; // to open it would wait as well
        }
        try {
            Descriptor.open(known.path(), Descriptor.Flag.EXCLUSIVE).close();
        } catch (DeviceException e) {
            if (e.reason() == DeviceException.Reason.IN_USE) {
                throw inUse(
                        known,
                        List.of("held by a mount of another namespace, or by a device on it"),
                        "find out by" + " whom with: lsblk " + known.path() + "; grep " + known.path()
                                + " /proc/*/mountinfo");
            }
            LOG.debug("{} could not be looked at: {}", known.path(), e.getMessage());
        }
    }

    private static AdminException inUse(MappedBrick known, List<String> users, String remedy) {
        return new AdminException(
                Reason.DEVICE_IN_USE,
                known.path() + " (brick " + known.brick() + ") is in use: " + String.join(", ", users),
                remedy,
                Map.of("path", known.path().toString(), "brick", known.brick(), "users", String.join(", ", users)));
    }

    // ---- devices of this boot

    /** Finds what an earlier service left and connects it as the bricks come; then keeps all connected. */
    synchronized void start() {
        restore();
        ScheduledExecutorService started = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "mappings");
            thread.setDaemon(true);
            return thread;
        });
        keeper = started;
        var unused = started.scheduleWithFixedDelay(this::look, 0, LOOK_SECONDS, TimeUnit.SECONDS);
    }

    private void restore() {
        Map<Integer, MappingFile.Entry> found = new TreeMap<>();
        file.load(bootId).forEach(entry -> found.put(entry.index(), entry));
        devices.backends(BACKEND_PREFIX)
                .forEach((index, backend) -> found.putIfAbsent(
                        index,
                        new MappingFile.Entry(
                                backend.substring(BACKEND_PREFIX.length()),
                                index,
                                options().connections())));
        long awayMs = awayMs();
        Set<String> left = exports.list().stream().map(Export::name).collect(Collectors.toCollection(TreeSet::new));
        for (MappingFile.Entry entry : found.values()) {
            String backend = devices.backend(entry.index());
            if (isOurs(entry, backend)) {
                restore(entry, awayMs);
                left.remove(entry.brick());
            } else {
                LOG.info("Brick {}: /dev/nbd{} is not ours any more", entry.brick(), entry.index());
            }
        }
        left.forEach(this::stopKeepingChanges);
    }

    private boolean isOurs(MappingFile.Entry entry, @Nullable String backend) {
        try {
            return driver.isConnected(entry.index())
                    && (backend == null || backend.equals(BACKEND_PREFIX + entry.brick()));
        } catch (MappingException e) {
            LOG.warn("Brick {}: /dev/nbd{} cannot be looked at: {}", entry.brick(), entry.index(), e.getMessage());
            return false;
        }
    }

    private void restore(MappingFile.Entry entry, long awayMs) {
        MappedBrick known = new MappedBrick(entry.brick(), entry.index(), entry.connections());
        if (awayMs > options().deadTimeout().toMillis()) {
            known.suspect("the service was away for " + awayMs / 1000 + " s, longer than map.dead_timeout: what was"
                    + " asked of the device meanwhile failed");
            LOG.warn("Brick {}: {}: {}", known.brick(), known.path(), known.suspicion());
        }
        mapped.put(known.brick(), known);
        LOG.info("Brick {}: {} will be connected again", known.brick(), known.path());
    }

    private long awayMs() {
        long seen = file.lastSeenMs();
        return seen < 0 ? 0 : Math.max(0, context.clock().epochMillis() - seen);
    }

    private synchronized void look() {
        boolean any = false;
        for (MappedBrick known : List.copyOf(mapped.values())) {
            connectIfPossible(known);
            any |= known.openConnections() > 0;
        }
        if (any) {
            file.seen(context.clock().epochMillis());
        }
    }

    private void connectIfPossible(MappedBrick known) {
        try {
            look(known);
        } catch (MappingException e) {
            gone(known, e);
        } catch (IOException | RuntimeException e) {
            known.problem(Failures.message(e));
            LOG.error("Brick {}: {} could not be connected: {}", known.brick(), known.path(), Failures.message(e));
        }
    }

    /** The brick has another size now, and its device gets it at once; answers with that, or null if it is not mapped. */
    synchronized @Nullable MappingView resized(String brick) {
        MappedBrick known = mapped.get(brick);
        if (known == null) {
            return null;
        }
        connectIfPossible(known);
        return view(known);
    }

    private void look(MappedBrick known) throws IOException {
        Export export = exports.find(known.brick());
        if (export == null) {
            return;
        }
        if (known.isSuspect()
                && known.openConnections() == 0
                && devices.users(known.index()).isEmpty()) {
            anew(known, export);
            return;
        }
        fronts.keepChanges(catalog.brick(known.brick()), export);
        long sizeBytes = export.device().geometry().sizeBytes();
        int missing = known.missing();
        if (missing > 0) {
            // With the size that it has: to change that, some kernels wait for all requests, and these for connections.
            long deviceBytes = devices.sizeBytes(known.index());
            reconnect(known, export, missing, deviceBytes == 0 ? sizeBytes : deviceBytes);
        }
        if (sizeBytes != known.sizeBytes()) {
            driver.reconfigure(known.index(), spec(export, sizeBytes), List.of());
            known.resized(sizeBytes);
            LOG.info("Brick {}: {} has {} bytes now", known.brick(), known.path(), sizeBytes);
        }
    }

    private void reconnect(MappedBrick known, Export export, int missing, long sizeBytes) throws IOException {
        KernelLink link = KernelLink.open(nbd, context.config().stateDirectory(), export, missing);
        try (link) {
            driver.reconfigure(known.index(), spec(export, sizeBytes), link.sockets());
        } catch (MappingException e) {
            link.discard();
            throw e;
        }
        known.add(link, sizeBytes);
        LOG.info("Brick {}: {} has {} new connections, {} bytes", known.brick(), known.path(), missing, sizeBytes);
    }

    /** Nobody uses it: what may have failed is made new under the same name. */
    private void anew(MappedBrick known, Export export) throws IOException {
        driver.disconnect(known.index());
        mapped.remove(known.brick());
        mapped.put(known.brick(), connect(export, known.index()));
        saveIfPossible();
        LOG.info("Brick {}: {} was connected anew", known.brick(), known.path());
    }

    private void gone(MappedBrick known, MappingException e) {
        boolean gone = e.reason() == MappingException.Reason.NOT_CONNECTED;
        LOG.error("Brick {}: {}: {}", known.brick(), known.path(), e.getMessage());
        known.problem(e.problem());
        if (gone) {
            mapped.remove(known.brick());
            saveIfPossible();
        }
    }

    private MappedBrick connect(Export export, int index) throws IOException {
        DeviceSpec spec = spec(export, export.device().geometry().sizeBytes());
        int connections = options().connections();
        KernelLink link = KernelLink.open(nbd, context.config().stateDirectory(), export, connections);
        try (link) {
            int made = driver.connect(index, spec, link.sockets());
            MappedBrick brick = new MappedBrick(export.name(), made, connections);
            brick.add(link, spec.sizeBytes());
            return brick;
        } catch (MappingException e) {
            link.discard();
            throw e;
        }
    }

    private DeviceSpec spec(Export export, long sizeBytes) {
        Geometry geometry = export.device().geometry();
        return new DeviceSpec(
                BACKEND_PREFIX + export.name(),
                sizeBytes,
                ExportProfile.minimumBytes(geometry),
                ExportProfile.flags(geometry, false),
                options().requestTimeout(),
                options().deadTimeout());
    }

    private MappingView view(MappedBrick known) {
        return new MappingView(
                known.brick(),
                known.path(),
                LINKS.resolve(known.brick()),
                known.sizeBytes(),
                known.connections(),
                known.openConnections(),
                known.state(),
                known.reason(),
                devices.users(known.index()));
    }

    private void save() throws IOException {
        List<MappingFile.Entry> entries = new ArrayList<>();
        mapped.values()
                .forEach(
                        known -> entries.add(new MappingFile.Entry(known.brick(), known.index(), known.connections())));
        file.save(bootId, entries);
    }

    private void saveIfPossible() {
        try {
            save();
        } catch (IOException e) {
            LOG.error("What is mapped cannot be recorded: {}", Failures.message(e));
        }
    }

    private static AdminException failure(String what, IOException e) {
        if (e instanceof MappingException known) {
            Reason reason = switch (known.reason()) {
                case NO_DRIVER, NOT_PERMITTED -> Reason.NO_KERNEL_DRIVER;
                case IN_USE -> Reason.DEVICE_IN_USE;
                case NOT_CONNECTED, FAILED -> Reason.IO_FAILURE;
            };
            return new AdminException(reason, what + ": " + known.problem(), known.remedy(), Map.of(), e);
        }
        return Failures.of(what, e);
    }

    /** Makes durable what is in the write logs. After {@link #close}, and when no client is left. */
    synchronized void settle() {
        for (String brick : mapped.keySet()) {
            Export export = exports.find(brick);
            if (export != null) {
                fronts.settleChanges(catalog.brick(brick), export);
            }
        }
    }

    /** Keeps nothing connected any more. What is mapped stays so: requests wait in the kernel for the next service. */
    @Override
    public void close() {
        ScheduledExecutorService started = keeper;
        if (started == null) {
            return;
        }
        started.shutdown();
        try {
            if (!started.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("The kernel's nbd driver has not answered within {} s", STOP_SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
