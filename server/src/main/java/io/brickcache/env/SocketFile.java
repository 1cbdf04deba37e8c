package io.brickcache.env;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The name of a Unix socket in the file system, with its owner, mode and group.
 *
 * <p>A socket is born with the mode that the umask leaves, and whoever connects before a chmod stays connected. The
 * umask belongs to the whole process and cannot be set from Java. So the socket is bound in a new directory that only
 * the service can enter, gets its mode and group there, and is then renamed to its place: under its own name it never
 * had any other mode. The rename also replaces a socket that a killed service left behind, with no moment without one.
 *
 * <p>{@link #prepare()}, then bind, then {@link #publish}; {@link #remove()} at the end.
 */
public final class SocketFile {
    private static final int FILE_TYPE_MASK = 0170000;
    private static final int SOCKET_TYPE = 0140000;

    private final Path path;
    private final String section;
    private @Nullable Path privateDirectory;
    private @Nullable Object publishedKey;

    /**
     * The socket of one service.
     *
     * @param path absolute
     * @param section of the configuration where its keys {@code listen}, {@code socket_mode} and {@code socket_group} are
     */
    public SocketFile(Path path, String section) {
        this.path = path;
        this.section = section;
    }

    /** Checks that the name is free, or its owner dead, and answers with the path to bind to. */
    public Path prepare() throws IOException {
        Path directory = Objects.requireNonNull(path.getParent());
        if (!Files.isDirectory(directory)) {
            throw new FileSystemException(
                    path.toString(),
                    null,
                    "the directory " + directory + " of the " + section + " socket is missing; create it");
        }
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            requireDeadSocket();
        }
        privateDirectory = makePrivate(directory);
        Path bindPath = privateDirectory.resolve("s");
        if (bindPath.toString().getBytes(StandardCharsets.UTF_8).length > ListenAddress.MAX_UNIX_PATH_BYTES) {
            discard();
            throw new FileSystemException(
                    path.toString(),
                    null,
                    "too long for a Unix socket; put " + section + ".listen into a shorter directory");
        }
        return bindPath;
    }

    private Path makePrivate(Path directory) throws IOException {
        try {
            return Files.createTempDirectory(
                    directory, ".", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (FileSystemException e) {
            FileSystemException failure = new FileSystemException(
                    path.toString(),
                    null,
                    "nothing can be made in " + directory + " (" + FileFailures.why(e)
                            + "); let the service's user write to it, or change " + section + ".listen");
            failure.initCause(e);
            throw failure;
        }
    }

    private void requireDeadSocket() throws IOException {
        int mode = (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        if ((mode & FILE_TYPE_MASK) != SOCKET_TYPE) {
            throw new FileSystemException(
                    path.toString(), null, "exists and is not a socket; move it away or change " + section + ".listen");
        }
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.configureBlocking(false);
            probe.connect(UnixDomainSocketAddress.of(path));
        } catch (ConnectException e) {
            return;
        }
        throw new FileSystemException(
                path.toString(),
                null,
                "another service listens on the " + section + " socket; stop it (systemctl stop brickcached) or change "
                        + section + ".listen");
    }

    /** Gives the bound socket its mode and group, and then its name. */
    public void publish(int mode, @Nullable String group) throws IOException {
        Path directory = Objects.requireNonNull(privateDirectory);
        Path bound = directory.resolve("s");
        if (group != null) {
            PosixFileAttributeView view = Files.getFileAttributeView(bound, PosixFileAttributeView.class);
            view.setGroup(lookUp(group, section));
        }
        Files.setPosixFilePermissions(bound, permissions(mode));
        publishedKey = Files.getAttribute(bound, "unix:ino");
        Files.move(bound, path, StandardCopyOption.ATOMIC_MOVE);
        discard();
    }

    /** Checks that there is a group of the name; null stands for none that is asked for. */
    public static void checkGroup(@Nullable String group, String section) throws IOException {
        if (group != null) {
            lookUp(group, section);
        }
    }

    private static GroupPrincipal lookUp(String group, String section) throws IOException {
        try {
            return FileSystems.getDefault().getUserPrincipalLookupService().lookupPrincipalByGroupName(group);
        } catch (UserPrincipalNotFoundException e) {
            FileSystemException failure = new FileSystemException(
                    null,
                    null,
                    "no group is named " + group + "; create it (groupadd --system " + group + ") or change " + section
                            + ".socket_group");
            failure.initCause(e);
            throw failure;
        }
    }

    /** Takes away what is left of an attempt that failed before it was published. Idempotent. */
    public void discard() throws IOException {
        Path directory = privateDirectory;
        if (directory != null) {
            Files.deleteIfExists(directory.resolve("s"));
            Files.deleteIfExists(directory);
            privateDirectory = null;
        }
    }

    /** Takes the name away, unless another service has taken it over meanwhile. Idempotent. */
    public void remove() throws IOException {
        discard();
        Object key = publishedKey;
        if (key != null && Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            if (key.equals(Files.getAttribute(path, "unix:ino", LinkOption.NOFOLLOW_LINKS))) {
                Files.deleteIfExists(path);
            }
        }
        publishedKey = null;
    }

    private static Set<PosixFilePermission> permissions(int mode) {
        PosixFilePermission[] byBit = PosixFilePermission.values();
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        for (int bit = 0; bit < byBit.length; bit++) {
            // OWNER_READ is declared first and is the highest of the nine bits.
            if ((mode & (0400 >> bit)) != 0) {
                permissions.add(byBit[bit]);
            }
        }
        return permissions;
    }
}
