package io.brickcache.nbd.wire;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Reads the payload of one option; whatever is missing, too long or not UTF-8 is a {@link MalformedOptionException}. */
public final class OptionPayload {

    private final ByteBuf bytes;
    private int left;

    /** Reads the next {@code length} bytes of {@code bytes}, which are there. */
    public OptionPayload(ByteBuf bytes, int length) {
        this.bytes = bytes;
        this.left = length;
    }

    public int readUnsignedShort() throws MalformedOptionException {
        take(2);
        return bytes.readUnsignedShort();
    }

    /** An unsigned 32-bit number. */
    public long readUnsignedInt() throws MalformedOptionException {
        take(4);
        return bytes.readUnsignedInt();
    }

    /** A string behind its 32-bit length. */
    public String readString() throws MalformedOptionException {
        return readString(readUnsignedInt());
    }

    /** What is left, as a string. */
    public String readRest() throws MalformedOptionException {
        return readString(left);
    }

    /** Nothing may be left. */
    public void expectEnd() throws MalformedOptionException {
        if (left != 0) {
            throw malformed(left + " bytes too many");
        }
    }

    /** Passes over what is left, so that the next option can be read. */
    public void skipRest() {
        bytes.skipBytes(left);
        left = 0;
    }

    private String readString(long length) throws MalformedOptionException {
        if (length > HandshakeCodes.MAX_STRING_BYTES) {
            throw new MalformedOptionException(
                    HandshakeCodes.REP_ERR_TOO_BIG,
                    "string of " + length + " bytes; " + HandshakeCodes.MAX_STRING_BYTES + " are the limit");
        }
        int count = (int) length;
        take(count);
        ByteBuffer content = bytes.nioBuffer(bytes.readerIndex(), count);
        bytes.skipBytes(count);
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(content).toString();
            if (text.indexOf('\0') >= 0) {
                throw malformed("string with a zero byte");
            }
            return text;
        } catch (CharacterCodingException e) {
            throw malformed("string that is not UTF-8");
        }
    }

    private void take(int count) throws MalformedOptionException {
        if (count > left) {
            throw malformed("payload ends too early");
        }
        left -= count;
    }

    private static MalformedOptionException malformed(String what) {
        return new MalformedOptionException(HandshakeCodes.REP_ERR_INVALID, what);
    }
}
