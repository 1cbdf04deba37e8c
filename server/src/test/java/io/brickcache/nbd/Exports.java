package io.brickcache.nbd;

import io.brickcache.nbd.handshake.Export;
import io.brickcache.nbd.handshake.ExportDirectory;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/** A directory that tests fill. */
public final class Exports implements ExportDirectory {

    private final Map<String, Export> byName = new ConcurrentSkipListMap<>();

    public void add(Export export) {
        byName.put(export.name(), export);
    }

    public void remove(String name) {
        byName.remove(name);
    }

    @Override
    public List<Export> list() {
        return List.copyOf(byName.values());
    }

    @Override
    public @Nullable Export find(String name) {
        return byName.get(name);
    }
}
