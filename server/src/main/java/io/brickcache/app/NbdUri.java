package io.brickcache.app;

import io.brickcache.env.ListenAddress;
import java.nio.charset.StandardCharsets;

/** Where an export is, as libnbd and qemu take it. */
final class NbdUri {

    private static final String PLAIN = "-._~/:@!$'()*,;";

    private NbdUri() {}

    /** {@code secured} for TLS. */
    static String of(ListenAddress address, boolean secured, String export) {
        if (address instanceof ListenAddress.Unix unix) {
            return "nbd+unix:///" + escaped(export) + "?socket="
                    + escaped(unix.path().toString());
        }
        ListenAddress.Tcp tcp = (ListenAddress.Tcp) address;
        String host = tcp.host().contains(":") ? "[" + tcp.host() + "]" : tcp.host();
        return (secured ? "nbds://" : "nbd://") + host + ":" + tcp.port() + "/" + escaped(export);
    }

    /** What RFC 3986 lets stand in a query stands, less what separates parameters. */
    private static String escaped(String text) {
        StringBuilder out = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xFF);
            if (c < 0x80 && (Character.isLetterOrDigit(c) || PLAIN.indexOf(c) >= 0)) {
                out.append(c);
            } else {
                out.append(String.format("%%%02X", (int) c));
            }
        }
        return out.toString();
    }
}
