package io.brickcache.nbd;

import io.brickcache.env.ListenAddress;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** An address cannot be listened on. */
public final class NbdListenException extends IOException {

    private static final long serialVersionUID = 1;

    public NbdListenException(ListenAddress address, String reason, @Nullable Throwable cause) {
        super("cannot listen on " + address + ": " + reason, cause);
    }
}
