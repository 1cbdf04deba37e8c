package io.brickcache.nbd.wire;

/** Numbers of the negotiation phase, as the NBD protocol document publishes them. */
public final class HandshakeCodes {

    /** "NBDMAGIC". */
    public static final long NBD_MAGIC = 0x4e42444d41474943L;
    /** "IHAVEOPT". */
    public static final long OPTION_MAGIC = 0x49484156454F5054L;

    public static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;

    public static final int FLAG_FIXED_NEWSTYLE = 1;
    public static final int FLAG_NO_ZEROES = 1 << 1;

    public static final int OPT_EXPORT_NAME = 1;
    public static final int OPT_ABORT = 2;
    public static final int OPT_LIST = 3;
    public static final int OPT_STARTTLS = 5;
    public static final int OPT_INFO = 6;
    public static final int OPT_GO = 7;
    public static final int OPT_STRUCTURED_REPLY = 8;
    public static final int OPT_LIST_META_CONTEXT = 9;
    public static final int OPT_SET_META_CONTEXT = 10;

    public static final int REP_ACK = 1;
    public static final int REP_SERVER = 2;
    public static final int REP_INFO = 3;
    public static final int REP_META_CONTEXT = 4;
    public static final int REP_ERR_UNSUP = 0x8000_0001;
    public static final int REP_ERR_INVALID = 0x8000_0003;
    public static final int REP_ERR_TLS_REQD = 0x8000_0005;
    public static final int REP_ERR_UNKNOWN = 0x8000_0006;
    public static final int REP_ERR_SHUTDOWN = 0x8000_0007;
    public static final int REP_ERR_TOO_BIG = 0x8000_0009;

    public static final int INFO_EXPORT = 0;
    public static final int INFO_NAME = 1;
    public static final int INFO_DESCRIPTION = 2;
    public static final int INFO_BLOCK_SIZE = 3;

    /** Magic, option, length. */
    public static final int OPTION_HEADER_BYTES = 16;
    /** Magic, option, reply type, length. */
    public static final int OPTION_REPLY_HEADER_BYTES = 20;
    /** After the answer to EXPORT_NAME, unless NO_ZEROES was agreed. */
    public static final int EXPORT_NAME_ZEROES = 124;
    /** Longest string of the protocol, in bytes of UTF-8. */
    public static final int MAX_STRING_BYTES = 4096;

    private HandshakeCodes() {}
}
