package io.brickcache.env;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;

/** Failures of files in words: Java leaves to the class of the exception what went wrong, and to its message which file. */
public final class FileFailures {

    private FileFailures() {}

    /** What went wrong, with the name of the file if the exception has it. */
    public static String describe(IOException e) {
        String file = e instanceof FileSystemException failure ? failure.getFile() : null;
        return file == null ? why(e) : file + ": " + why(e);
    }

    /** What went wrong, for a line that names the file already. */
    public static String why(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "does not exist";
        }
        if (e instanceof AccessDeniedException) {
            return "no permission";
        }
        if (e instanceof FileAlreadyExistsException) {
            return "exists already";
        }
        if (e instanceof NotDirectoryException) {
            return "is not a directory";
        }
        String reason = e instanceof FileSystemException failure ? failure.getReason() : e.getMessage();
        return reason == null ? e.toString() : reason;
    }

    /**
     * The content of a file that is small by its nature. What else the path may lead to, a device without an end for
     * example, is read no further than {@code maxBytes}.
     *
     * @throws FileSystemException naming the file, also if it is larger
     */
    public static byte[] readSmall(Path file, int maxBytes) throws IOException {
        if (Files.isDirectory(file)) {
            throw new FileSystemException(file.toString(), null, "is a directory");
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(maxBytes + 1);
            if (bytes.length > maxBytes) {
                throw new FileSystemException(file.toString(), null, "is larger than " + maxBytes + " bytes");
            }
            return bytes;
        }
    }
}
