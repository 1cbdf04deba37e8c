package io.brickcache.simulate;

import io.brickcache.simulate.TraceBuilder.BadRequest;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/** Opens traces: plain or gzipped, of the kind that their first line shows. */
public final class TraceReader {

    private static final int GZIP_MAGIC = 0x1f8b;
    /** The binary records of blktrace begin so, in the order of bytes of either kind of machine. */
    private static final String BLKTRACE_MAGIC = "\u0007tae";

    private static final String BLKTRACE_MAGIC_BIG = "eat\u0007";

    private static final String KNOWN = "a trace is a CSV that begins with " + CsvFormat.HEADER
            + ", the text of blkparse, or an iolog of fio, each plain or gzipped";

    private TraceReader() {}

    /** Reads a file. */
    public static Trace read(Path path) throws TraceException {
        if (Files.isDirectory(path)) {
            throw new TraceException(path + " is a directory; name a trace in it");
        }
        try (InputStream in = Files.newInputStream(path)) {
            return read(path.toString(), in);
        } catch (NoSuchFileException e) {
            throw new TraceException(path + " does not exist; name a trace, or - for the standard input", e);
        } catch (AccessDeniedException e) {
            throw new TraceException(path + " may not be read; see its permissions: ls -l " + path, e);
        } catch (IOException e) {
            throw new TraceException(path + " cannot be opened: " + e.getMessage() + "; name another trace", e);
        }
    }

    /** Reads to the end of a stream, which stays open. */
    public static Trace read(String name, InputStream stream) throws TraceException {
        long lines = 0;
        try {
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(unpacked(stream), StandardCharsets.ISO_8859_1));
            String line = in.readLine();
            while (line != null && line.isBlank()) {
                lines++;
                line = in.readLine();
            }
            if (line == null) {
                throw new TraceException(name + " is empty; " + KNOWN);
            }
            TraceFormat format = formatOf(name, line);
            while (line != null) {
                lines++;
                if (!line.isBlank()) {
                    format.line(line);
                }
                line = in.readLine();
            }
            Trace trace = format.end(name);
            if (trace.endBytes() == 0) {
                throw new TraceException(name + " has no read and no write in it; " + KNOWN);
            }
            return trace;
        } catch (BadRequest e) {
            throw new TraceException(name + ", line " + lines + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new TraceException(
                    name + ", after line " + lines + ": cannot be read: " + e.getMessage() + "; is it complete?", e);
        }
    }

    private static InputStream unpacked(InputStream stream) throws IOException {
        BufferedInputStream in = new BufferedInputStream(stream, 1 << 16);
        in.mark(2);
        int magic = in.read() << 8 | in.read();
        in.reset();
        return magic == GZIP_MAGIC ? new GZIPInputStream(in, 1 << 16) : in;
    }

    private static TraceFormat formatOf(String name, String firstLine) throws TraceException {
        if (CsvFormat.matches(firstLine)) {
            return new CsvFormat();
        }
        if (IologFormat.matches(firstLine)) {
            return new IologFormat();
        }
        if (BlkparseFormat.matches(firstLine)) {
            return new BlkparseFormat();
        }
        if (firstLine.startsWith(BLKTRACE_MAGIC) || firstLine.startsWith(BLKTRACE_MAGIC_BIG)) {
            throw new TraceException(name + " is a binary trace of blktrace; make text of it: blkparse -i " + name);
        }
        throw new TraceException(name + ", line 1: this is no trace that is known; " + KNOWN);
    }
}
