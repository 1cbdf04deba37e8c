package io.brickcache.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The packaged service as a process of its own, with a configuration of a few lines and all its files in one folder.
 * Killed when closed; its log goes to {@code brickcached.log} in the folder and into the message of every failed start.
 */
final class ServiceProcess implements AutoCloseable {
    private static final int TIMEOUT_SECONDS = 60;

    private final Path directory;
    private final Path config;
    private final Path log;
    private Process process;
    private AdminClient admin;

    private ServiceProcess(Path directory, Path config, Path log, Process process, AdminClient admin) {
        this.directory = directory;
        this.config = config;
        this.log = log;
        this.process = process;
        this.admin = admin;
    }

    /**
     * Starts a service and waits until it serves.
     *
     * @param directory an empty folder for all its files
     * @param moreConfig lines of configuration after those that name the folder's files and the engine
     */
    static ServiceProcess start(Path directory, IoEngine engine, String... moreConfig) throws IOException {
        List<String> lines = new ArrayList<>(List.of(
                "state_directory: " + directory.resolve("state"),
                "nbd: {listen: [\"unix:" + directory.resolve("nbd.sock") + "\", \"tcp:127.0.0.1:0\"], insecure: true}",
                "admin: {listen: \"unix:" + directory.resolve("admin.sock") + "\"}",
                "io: {engine: " + engine.setting() + "}"));
        lines.addAll(List.of(moreConfig));
        Path config = Files.write(directory.resolve("brickcached.yaml"), lines);
        Path log = directory.resolve("brickcached.log");
        ServiceProcess service = new ServiceProcess(
                directory, config, log, launch(config, log), new AdminClient(directory.resolve("admin.sock")));
        service.awaitServing();
        return service;
    }

    /** Starts the service again after {@link #kill} or {@link #terminate}, and waits until it serves. */
    void restart() throws IOException {
        process = launch(config, log);
        admin = new AdminClient(directory.resolve("admin.sock"));
        awaitServing();
    }

    /**
     * Starts the service again after {@link #kill} and ends it as kill -9 does while it is still starting, or just after.
     *
     * @param afterMs how long it may live, from its launch
     */
    void killWhileStarting(int afterMs) throws IOException {
        Process starting = launch(config, log);
        try {
            // Doubles as the pause; it does not end by itself.
            if (starting.waitFor(afterMs, TimeUnit.MILLISECONDS)) {
                throw new AssertionError("the service ended instead of starting; its log:\n" + log());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the service started", e);
        } finally {
            starting.destroyForcibly();
            starting.onExit().join();
        }
    }

    /** Ends the process as kill -9 does, at once; returns when it is gone. Any thread may call it. */
    void kill() {
        process.destroyForcibly();
        process.onExit().join();
        admin.close();
    }

    /** Ends the process with SIGTERM and returns its exit code. */
    int terminate() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("the service did not end on SIGTERM; its log:\n" + log());
        }
        admin.close();
        return process.exitValue();
    }

    AdminClient admin() {
        return admin;
    }

    Path directory() {
        return directory;
    }

    Path nbdSocket() {
        return directory.resolve("nbd.sock");
    }

    /** The address of an export as libnbd, qemu and fio take it. */
    String uri(String export) {
        return "nbd+unix:///" + export + "?socket=" + nbdSocket();
    }

    NbdClient connect(String export) throws IOException {
        return NbdClient.connect(nbdSocket(), export);
    }

    /** Runs the packaged CLI against this service. */
    Outcome cli(String... arguments) {
        return cli(Map.of(), arguments);
    }

    /** As {@link #cli(String...)}, with more in its environment. */
    Outcome cli(Map<String, String> moreEnvironment, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("brickcache.client.dist", "target/dist"), "bin/brickcache")
                .toAbsolutePath()
                .toString());
        command.addAll(List.of(arguments));
        Map<String, String> environment = new HashMap<>(moreEnvironment);
        environment.put("BRICKCACHE_ENDPOINT", "unix:" + directory.resolve("admin.sock"));
        environment.put("JAVA_HOME", System.getProperty("java.home"));
        return Tool.run(environment, "", command);
    }

    String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return "no log: " + e;
        }
    }

    @Override
    public void close() {
        kill();
    }

    private static Process launch(Path config, Path log) throws IOException {
        Path launcher = Path.of(System.getProperty("brickcache.dist", "../server/target/dist"), "bin/brickcached");
        ProcessBuilder builder = new ProcessBuilder(launcher.toString(), "--config", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("BRICKCACHED_JAVA_OPTS", "-Xmx512m");
        return builder.start();
    }

    private void awaitServing() {
        long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
        while (!admin.isServing()) {
            if (!process.isAlive() || System.nanoTime() > deadlineNs) {
                close();
                throw new AssertionError("the service does not serve; its log:\n" + log());
            }
            try {
                // Doubles as the pause between two tries.
                process.waitFor(50, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while waiting for the service", e);
            }
        }
    }
}
