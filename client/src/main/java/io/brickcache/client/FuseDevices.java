package io.brickcache.client;

import io.brickcache.admin.v1.Brick;
import io.brickcache.admin.v1.Mapping;
import io.brickcache.admin.v1.MappingState;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Bricks as block devices where the kernel has no NBD driver: nbdfuse makes a file of the export, and a loop device of the
 * kernel lies on that. For trying out: nobody keeps it alive. Each brick has a folder of its name that nbdfuse is mounted on.
 */
final class FuseDevices {
    static final String DIRECTORY_VARIABLE = "BRICKCACHE_FUSE_DIRECTORY";

    private static final Path DEFAULT_DIRECTORY = Path.of("/run/brickcache-fuse");
    private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
    private static final Path FUSE = Path.of("/dev/fuse");
    private static final Path LOOP = Path.of("/dev/loop-control");
    private static final String CONNECTIONS = "4";
    private static final int LOOK_MS = 50;
    private static final int LOOKS = 600;
    private static final long TOOL_SECONDS = 60;
    private static final Map<String, String> PACKAGES =
            Map.of("nbdfuse", "libnbd-bin", "fusermount3", "fuse3", "losetup", "mount", "setsid", "util-linux");

    private final Path directory;

    FuseDevices(Map<String, String> environment) {
        String given = environment.getOrDefault(DIRECTORY_VARIABLE, "");
        this.directory = given.isEmpty() ? DEFAULT_DIRECTORY : Path.of(given).toAbsolutePath();
    }

    /** Makes a device of the brick, or finds the one that is there. */
    Mapping map(Brick brick) {
        Optional<Mapping> known = find(brick.getName());
        if (known.isPresent()) {
            return known.get();
        }
        String uri = brick.getExportUrisList().stream()
                .filter(each -> each.startsWith("nbd+unix:"))
                .findFirst()
                .orElseThrow(() -> new Failure(
                        ExitCode.REFUSED,
                        "brick " + brick.getName() + " is not served on a Unix socket now; see: brickcache brick show "
                                + brick.getName()));
        check();
        Path file = file(brick.getName());
        try {
            Files.createDirectories(file.getParent());
            new ProcessBuilder("setsid", "--fork", "nbdfuse", "-C", CONNECTIONS, file.toString(), uri)
                    .redirectErrorStream(true)
                    .redirectOutput(log(brick.getName()).toFile())
                    .start();
        } catch (IOException e) {
            throw new Failure(ExitCode.FAILED, "nbdfuse cannot be started: " + e.getMessage());
        }
        awaitFile(brick.getName(), file);
        try {
            run("losetup", "--find", "--show", "--sector-size", "512", "--direct-io=on", file.toString());
        } catch (Failure e) {
            unmount(brick.getName());
            throw e;
        }
        return find(brick.getName())
                .orElseThrow(() -> new Failure(ExitCode.FAILED, "the loop device on " + file + " is gone again"));
    }

    /** The device of a brick, by its name or by the path of the device. */
    Optional<Mapping> find(String name) {
        return list().stream()
                .filter(mapping -> mapping.getBrick().equals(name)
                        || mapping.getDevicePath().equals(name))
                .findFirst();
    }

    /** All of them, by brick. */
    List<Mapping> list() {
        List<Mapping> found = new ArrayList<>();
        if (!Files.isDirectory(directory)) {
            return found;
        }
        try (Stream<Path> folders = Files.list(directory)) {
            for (Path folder : folders.filter(Files::isDirectory).sorted().toList()) {
                String brick = folder.getFileName().toString();
                Optional<String> device = loopOn(file(brick));
                if (device.isPresent()) {
                    found.add(mapping(brick, device.get()));
                }
            }
        } catch (IOException e) {
            throw new Failure(ExitCode.FAILED, directory + " cannot be read: " + e.getMessage());
        }
        return found;
    }

    /** Takes a device away; refused while something uses it. */
    void unmap(Mapping mapping) {
        if (!mapping.getUsersList().isEmpty()) {
            throw new Failure(
                    ExitCode.REFUSED,
                    mapping.getDevicePath() + " (brick " + mapping.getBrick() + ") is in use: "
                            + String.join(", ", mapping.getUsersList()) + "; unmount it first");
        }
        run("losetup", "--detach", mapping.getDevicePath());
        unmount(mapping.getBrick());
    }

    private Mapping mapping(String brick, String device) {
        long bytes = 0;
        try {
            bytes = Files.size(file(brick));
        } catch (IOException e) {
            // its service is gone; the size is not known
        }
        return Mapping.newBuilder()
                .setBrick(brick)
                .setDevicePath(device)
                .setSizeBytes(bytes)
                .setConnections(Integer.parseInt(CONNECTIONS))
                .setOpenConnections(bytes == 0 ? 0 : Integer.parseInt(CONNECTIONS))
                .setState(bytes == 0 ? MappingState.MAPPING_STATE_SUSPECT : MappingState.MAPPING_STATE_CONNECTED)
                .setStateReason(bytes == 0 ? "nbdfuse has lost the service; unmount, unmap, map" : "")
                .addAllUsers(users(device))
                .build();
    }

    private static List<String> users(String device) {
        List<String> users = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(MOUNTS)) {
                String[] fields = line.split(" ", -1);
                if (line.contains(" - ") && line.substring(line.indexOf(" - ")).contains(" " + device + " ")) {
                    users.add("mounted at " + fields[4]);
                }
            }
        } catch (IOException e) {
            throw new Failure(ExitCode.FAILED, MOUNTS + " cannot be read: " + e.getMessage());
        }
        return users;
    }

    private static void check() {
        for (Path needed : List.of(FUSE, LOOP)) {
            if (!Files.exists(needed)) {
                throw new Failure(
                        ExitCode.REFUSED,
                        "this kernel does not offer " + needed + "; load it: modprobe "
                                + (needed.equals(FUSE) ? "fuse" : "loop"));
            }
        }
        for (String tool : PACKAGES.keySet()) {
            if (Stream.of((System.getenv("PATH") + ":/usr/sbin:/sbin").split(":", -1))
                    .noneMatch(folder -> Files.isExecutable(Path.of(folder, tool)))) {
                throw new Failure(ExitCode.REFUSED, "there is no " + tool + "; install package " + PACKAGES.get(tool));
            }
        }
    }

    private void awaitFile(String brick, Path file) {
        for (int i = 0; i < LOOKS; i++) {
            if (Files.exists(file)) {
                return;
            }
            try {
                Thread.sleep(LOOK_MS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        throw new Failure(ExitCode.FAILED, "nbdfuse does not serve brick " + brick + "; see " + log(brick));
    }

    private void unmount(String brick) {
        Path folder = directory.resolve(brick);
        run("fusermount3", "-u", folder.toString());
        try {
            Files.deleteIfExists(folder);
            Files.deleteIfExists(log(brick));
        } catch (IOException e) {
            throw new Failure(ExitCode.FAILED, folder + " cannot be removed: " + e.getMessage());
        }
    }

    private static Optional<String> loopOn(Path file) {
        String said = run("losetup", "--noheadings", "--output", "NAME", "--associated", file.toString());
        return said.isBlank()
                ? Optional.empty()
                : Optional.of(said.lines().findFirst().orElseThrow().strip());
    }

    private Path file(String brick) {
        return directory.resolve(brick).resolve(brick);
    }

    private Path log(String brick) {
        return directory.resolve(brick + ".log");
    }

    private static String run(String... command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (!process.waitFor(TOOL_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new Failure(ExitCode.FAILED, command[0] + ": " + said);
            }
            return said;
        } catch (IOException e) {
            throw new Failure(ExitCode.FAILED, command[0] + " cannot be run: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure(ExitCode.FAILED, command[0] + ": interrupted");
        }
    }
}
