package io.brickcache.block;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What sysfs and procfs say of a block device. Whatever cannot be read counts as not there. */
final class SysBlock {

    /** Places of a name that no other device has. */
    private static final List<String> UNIQUE_NAMES = List.of("wwid", "device/wwid", "dm/uuid", "md/uuid");

    /** Places of a name that outlives a reboot, the best first. Virtual disks may all have the same serial number. */
    private static final List<String> STABLE_NAMES = Stream.concat(
                    UNIQUE_NAMES.stream(), Stream.of("serial", "device/serial"))
            .toList();

    static final String PREFIX = "block:";

    private static final Path DEVICES = Path.of("/sys/dev/block");

    private final String number;
    private final Path directory;

    private SysBlock(String number) {
        this.number = number;
        this.directory = DEVICES.resolve(number);
    }

    /** Of the {@code st_rdev} of a device node, as glibc packs it. */
    static SysBlock ofDeviceNumber(long rdev) {
        long major = rdev >>> 8 & 0xFFF | rdev >>> 32 & ~0xFFFL;
        long minor = rdev & 0xFF | rdev >>> 12 & 0xFFFFFF00L;
        return new SysBlock(major + ":" + minor);
    }

    boolean isReadOnly() {
        return read(directory.resolve("ro")).filter("1"::equals).isPresent();
    }

    boolean canDiscard() {
        return queueLimit("discard_max_bytes") > 0;
    }

    boolean canZeroFast() {
        return queueLimit("write_zeroes_max_bytes") > 0;
    }

    /** By a name the device carries if it has one, else by its number. */
    String identity() {
        Path disk = isPartition() ? directory.resolve("..") : directory;
        for (String name : STABLE_NAMES) {
            Optional<String> value = read(disk.resolve(name));
            if (value.isPresent()) {
                String part = read(directory.resolve("partition"))
                        .map(n -> ",partition=" + n)
                        .orElse("");
                return prefix(name) + value.get() + part;
            }
        }
        return PREFIX + "number=" + number;
    }

    private static String prefix(String name) {
        return PREFIX + name.replace('/', '-') + "=";
    }

    /** True if an identity names a device that cannot be taken for another one. */
    static boolean isUnique(String identity) {
        return UNIQUE_NAMES.stream().anyMatch(name -> identity.startsWith(prefix(name)));
    }

    /** " (mounted on /mnt, held by md0)", or nothing if nobody was found. */
    String describeUsers() {
        List<String> users = new ArrayList<>();
        addUsers(number, directory, users);
        for (Path partition : children(directory)) {
            Optional<String> device = read(partition.resolve("dev"));
            if (Files.exists(partition.resolve("partition")) && device.isPresent()) {
                addUsers(device.get(), partition, users);
            }
        }
        return users.isEmpty() ? "" : " (" + String.join(", ", users) + ")";
    }

    private static void addUsers(String number, Path directory, List<String> users) {
        for (String line : lines(Path.of("/proc/self/mountinfo"))) {
            String[] fields = line.split(" ", 6);
            if (fields.length > 4 && fields[2].equals(number)) {
                users.add("mounted on " + fields[4]);
            }
        }
        for (Path holder : children(directory.resolve("holders"))) {
            users.add("held by " + holder.getFileName());
        }
        String node = read(directory.resolve("uevent")).orElse("").replaceFirst("(?s).*DEVNAME=(\\S+).*", "/dev/$1");
        for (String line : lines(Path.of("/proc/swaps"))) {
            if (line.startsWith(node + " ") || line.startsWith(node + "\t")) {
                users.add("swap");
            }
        }
    }

    private boolean isPartition() {
        return Files.exists(directory.resolve("partition"));
    }

    private long queueLimit(String name) {
        Path disk = isPartition() ? directory.resolve("..") : directory;
        return read(disk.resolve("queue").resolve(name)).map(Long::parseLong).orElse(0L);
    }

    private static Optional<String> read(Path file) {
        try {
            String text = Files.readString(file, StandardCharsets.UTF_8).strip();
            return text.isEmpty() ? Optional.empty() : Optional.of(text);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static List<String> lines(Path file) {
        return read(file).map(text -> text.lines().toList()).orElse(List.of());
    }

    private static List<Path> children(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.toList();
        } catch (IOException | UncheckedIOException e) {
            return List.of();
        }
    }
}
