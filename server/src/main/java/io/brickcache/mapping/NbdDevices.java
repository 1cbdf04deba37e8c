package io.brickcache.mapping;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What sysfs and procfs say of NBD devices: who serves them and who uses them. What cannot be read is not there. */
public final class NbdDevices {

    private static final String PREFIX = "nbd";

    private final Path sys;
    private final Path proc;

    /** Of this machine: {@code /sys} and {@code /proc}. */
    public NbdDevices(Path sys, Path proc) {
        this.sys = sys;
        this.proc = proc;
    }

    public static Path path(int index) {
        return Path.of("/dev/" + PREFIX + index);
    }

    /** The number in a path of a device, {@code /dev/nbd4}. */
    public static OptionalInt indexOf(String path) {
        return path.matches("/dev/nbd\\d{1,4}")
                ? OptionalInt.of(Integer.parseInt(path.substring("/dev/nbd".length())))
                : OptionalInt.empty();
    }

    /** An id of this boot of the machine: what was connected in another one is gone. */
    public String bootId() {
        return read(proc.resolve("sys/kernel/random/boot_id"));
    }

    /** Who serves the device: what was given when it was connected. Null if it has none, or on Linux before 5.14. */
    public @Nullable String backend(int index) {
        String backend = read(block(index).resolve("backend"));
        return backend.isEmpty() ? null : backend;
    }

    /** Backends that begin so, by the number of their device. */
    public Map<Integer, String> backends(String prefix) {
        Map<Integer, String> found = new TreeMap<>();
        for (String name : names(sys.resolve("block"))) {
            if (name.matches("nbd\\d{1,4}")) {
                int index = Integer.parseInt(name.substring(PREFIX.length()));
                String backend = backend(index);
                if (backend != null && backend.startsWith(prefix)) {
                    found.put(index, backend);
                }
            }
        }
        return found;
    }

    /** Bytes of the device; 0 if it is not connected. */
    public long sizeBytes(int index) {
        String sectors = read(block(index).resolve("size"));
        return sectors.matches("\\d{1,16}") ? Long.parseLong(sectors) * 512 : 0;
    }

    /** Who uses the device or a partition of it, for people: mount points, swap, devices on top. */
    public List<String> users(int index) {
        List<String> users = new ArrayList<>();
        Path device = block(index);
        List<Path> parts = new ArrayList<>(List.of(device));
        names(device).stream()
                .filter(name -> name.startsWith(PREFIX))
                .map(device::resolve)
                .forEach(parts::add);
        for (Path part : parts) {
            addUsers(part, users);
        }
        return users;
    }

    private void addUsers(Path part, List<String> users) {
        String name = String.valueOf(part.getFileName());
        String number = read(part.resolve("dev"));
        for (String line : mounts()) {
            String[] fields = line.split(" ", -1);
            if (fields.length > 6
                    && (fields[2].equals(number)
                            || line.contains(" - ") && source(line).equals("/dev/" + name))) {
                add(users, "mounted at " + unescaped(fields[4]));
            }
        }
        for (String line : read(proc.resolve("swaps")).lines().toList()) {
            if (line.startsWith("/dev/" + name + " ") || line.startsWith("/dev/" + name + "\t")) {
                add(users, "swap on /dev/" + name);
            }
        }
        names(part.resolve("holders")).forEach(holder -> add(users, "device /dev/" + holder + " on it"));
    }

    private static void add(List<String> users, String user) {
        if (!users.contains(user)) {
            users.add(user);
        }
    }

    /** Of this process's namespace and, where it can be read, of the machine's. */
    private List<String> mounts() {
        List<String> lines = new ArrayList<>();
        for (String process : List.of("self", "1")) {
            read(proc.resolve(process + "/mountinfo")).lines().forEach(lines::add);
        }
        return lines;
    }

    private static String source(String mountinfo) {
        String[] fields = mountinfo.substring(mountinfo.indexOf(" - ") + 3).split(" ", -1);
        return fields.length > 1 ? fields[1] : "";
    }

    private static String unescaped(String path) {
        return path.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\");
    }

    private Path block(int index) {
        return sys.resolve("block/" + PREFIX + index);
    }

    private static List<String> names(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.map(entry -> String.valueOf(entry.getFileName()))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            return "";
        }
    }
}
