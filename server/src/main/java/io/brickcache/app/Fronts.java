package io.brickcache.app;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.SwitchableDevice;
import io.brickcache.mapping.LoggedDevice;
import io.brickcache.nbd.handshake.Export;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What clients see of bricks: an export whose device stays the same while the brick is served by its cache, without it, or
 * not at all for the moment. Called on threads that may block, by whoever has the brick's turn.
 */
final class Fronts {

    private static final Logger LOG = LoggerFactory.getLogger(Fronts.class);

    private final Exports exports;
    private final WriteLogs logs;

    Fronts(Exports exports, WriteLogs logs) {
        this.exports = exports;
        this.logs = logs;
    }

    /**
     * Serves the brick by {@code device}; exports it if it is not yet. To be done before the brick is said to be served: who
     * waits for that connects at once.
     */
    void serve(BrickEntry brick, LoopHost host, BlockDevice device) {
        SwitchableDevice front = brick.front();
        if (front == null) {
            SwitchableDevice made = new SwitchableDevice(device);
            LoggedDevice logged = new LoggedDevice(made);
            try {
                logs.putBack(brick, host, logged);
            } catch (IOException e) {
                LOG.error("Brick {}: not exported: {}", brick.name(), Failures.message(e));
                return;
            }
            brick.serveBy(made);
            exports.add(new Export(
                    brick.name(),
                    brick.known().device() + " behind cache " + brick.cache().name(),
                    logged,
                    host.buffers(),
                    host.loop().eventLoop()));
        } else {
            host.call(() -> {
                front.resume(device);
                return true;
            });
        }
    }

    /** The brick has grown: clients that look, or connect, see its new size from now on. */
    void resized(BrickEntry brick, LoopHost host) {
        SwitchableDevice front = brick.front();
        if (front != null) {
            host.call(() -> front.replace(front.target()));
        }
    }

    /** Changes of the brick survive a crash of the service from now on, flushed or not. The brick is exported. */
    void keepChanges(BrickEntry brick, Export export) throws IOException {
        LoopHost host = brick.cache().host();
        if (host != null) {
            logs.begin(brick, host, (LoggedDevice) export.device());
        }
    }

    /** Makes durable what has been answered. */
    void settleChanges(BrickEntry brick, Export export) {
        LoopHost host = brick.cache().host();
        if (host != null && !WriteLogs.settle(host, (LoggedDevice) export.device())) {
            LOG.error("Brick {}: a flush failed; what was written last is done again at the next start", brick.name());
        }
    }

    /** As before {@link #keepChanges}. */
    void stopKeepingChanges(BrickEntry brick, Export export) {
        LoopHost host = brick.cache().host();
        if (host != null) {
            logs.end(brick, host, (LoggedDevice) export.device());
        }
    }

    /** Holds back the requests of the brick's clients, if it has any. */
    void pause(BrickEntry brick, LoopHost host) {
        SwitchableDevice front = brick.front();
        if (front != null) {
            host.call(() -> {
                front.pause();
                return true;
            });
        }
    }

    /** The brick is not served any more: clients that it has get errors. It is paused, or not exported. */
    void refuse(BrickEntry brick, LoopHost host) {
        SwitchableDevice front = brick.front();
        if (front != null) {
            serve(brick, host, new MissingDisk(brick.name(), front.geometry()));
        }
    }

    /** Takes the export away; its clients are gone. Answers with what {@link #restore} needs. */
    void withdraw(BrickEntry brick) {
        exports.remove(brick.name());
    }

    /** Exports the brick again as it was before {@link #withdraw}. */
    void restore(BrickEntry brick, LoopHost host) {
        SwitchableDevice front = brick.front();
        if (front != null) {
            BlockDevice device = host.call(front::target);
            brick.serveBy(null);
            serve(brick, host, device);
        }
    }
}
