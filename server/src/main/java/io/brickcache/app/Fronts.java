package io.brickcache.app;

import io.brickcache.block.BlockDevice;
import io.brickcache.block.SwitchableDevice;
import io.brickcache.nbd.handshake.Export;

/**
 * What clients see of bricks: an export whose device stays the same while the brick is served by its cache, without it, or
 * not at all for the moment. Called on threads that may block, by whoever has the brick's turn.
 */
final class Fronts {

    private final Exports exports;

    Fronts(Exports exports) {
        this.exports = exports;
    }

    /** Serves the brick by {@code device}; exports it if it is not yet. */
    void serve(BrickEntry brick, LoopHost host, BlockDevice device) {
        SwitchableDevice front = brick.front();
        if (front == null) {
            SwitchableDevice made = new SwitchableDevice(device);
            brick.serveBy(made);
            exports.add(new Export(
                    brick.name(),
                    brick.known().device() + " behind cache " + brick.cache().name(),
                    made,
                    host.buffers(),
                    host.loop().eventLoop()));
        } else {
            host.call(() -> {
                front.resume(device);
                return true;
            });
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
