package io.brickcache.app;

import io.brickcache.nbd.handshake.Export;
import io.brickcache.nbd.handshake.ExportDirectory;
import java.util.List;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/** The bricks that are served, by name. Thread-safe. */
final class Exports implements ExportDirectory {

    private final ConcurrentNavigableMap<String, Export> byName = new ConcurrentSkipListMap<>();

    @Override
    public List<Export> list() {
        return List.copyOf(byName.values());
    }

    @Override
    public @Nullable Export find(String name) {
        return byName.get(name);
    }

    void add(Export export) {
        if (byName.putIfAbsent(export.name(), export) != null) {
            throw new IllegalStateException("an export is named " + export.name() + " already");
        }
    }

    void remove(String name) {
        byName.remove(name);
    }
}
