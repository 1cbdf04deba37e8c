package io.brickcache.interop;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** A test of the packaged service, once for each way to do I/O. A failure carries the service's log. */
@Tag("interop")
@ParameterizedClass
@EnumSource(IoEngine.class)
abstract class EndToEnd {
    static final long MIB = 1 << 20;
    static final String CACHE = "ssd1";

    @RegisterExtension
    final TestExecutionExceptionHandler logOnFailure = this::addLog;

    private final IoEngine engine;
    private Path directory;
    private @Nullable ServiceProcess service;

    EndToEnd(IoEngine engine) {
        this.engine = engine;
    }

    @BeforeEach
    void takeDirectory(@TempDir Path folder) {
        directory = folder;
    }

    @AfterEach
    void closeService() {
        if (service != null) {
            service.close();
        }
    }

    /** Starts the service of this test; it is closed after it. */
    ServiceProcess start(String... moreConfig) throws IOException {
        ServiceProcess started = ServiceProcess.start(directory, engine, moreConfig);
        service = started;
        return started;
    }

    /** Starts the service with a cache of 4 KiB blocks. */
    ServiceProcess startWithCache(long cacheBytes, String... moreConfig) throws IOException {
        ServiceProcess started = start(moreConfig);
        started.admin().createCache(CACHE, Files.createDirectory(directory.resolve("ssd")), cacheBytes, 4096);
        return started;
    }

    /** Creates {@link #CACHE} of 16 MiB with the device as its data area. */
    void createCacheOn(ServiceProcess started, LoopDevice ssd) throws IOException {
        String folder = directory.resolve("ssd").toString();
        String area = ssd.path().toString();
        started.cli("cache", "create", CACHE, "--directory", folder, "--size", "16MiB", "--data", area)
                .succeeded();
    }

    /** Attaches a new file of that size, all holes, to {@link #CACHE}. */
    Path attachNewFile(ServiceProcess started, String brick, long sizeBytes) throws IOException {
        Path disk = newFile(brick + ".img", sizeBytes);
        started.admin().attachBrick(brick, CACHE, disk);
        return disk;
    }

    Path newFile(String name, long sizeBytes) throws IOException {
        Path file = directory.resolve(name);
        try (RandomAccessFile created = new RandomAccessFile(file.toFile(), "rw")) {
            created.setLength(sizeBytes);
        }
        return file;
    }

    /** Makes a file whose content depends on the place, of a size that is a multiple of 512. */
    Path newFilledFile(String name, long sizeBytes) throws IOException {
        Path file = directory.resolve(name);
        new SectorModel(name, sizeBytes).fill(file);
        return file;
    }

    Path directory() {
        return directory;
    }

    private void addLog(Object context, Throwable failure) throws Throwable {
        if (service != null) {
            failure.addSuppressed(new AssertionError("the log of the service:\n" + service.log()));
        }
        throw failure;
    }
}
