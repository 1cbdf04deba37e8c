package io.brickcache.env;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** An address cannot be listened on. */
public final class ListenException extends IOException {

    private static final long serialVersionUID = 1;

    public ListenException(ListenAddress address, String reason, @Nullable Throwable cause) {
        super("cannot listen on " + address + ": " + reason, cause);
    }
}
