package io.brickcache.meta;

import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.MetadataException;
import io.brickcache.cache.index.MetadataStore;
import io.brickcache.cache.index.MetadataStore.Family;
import io.brickcache.cache.index.MetadataStore.Visitor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What batches do to one family, put together: the last value of each key, the keys that are gone, the ranges that are
 * gone. Laid over the records of a store it gives those that the store would have had it taken the batches.
 */
final class Overlay implements MetadataBatch.Reader<RuntimeException> {

    /** Stands for "deleted"; told from an empty value by identity. */
    private static final byte[] GONE = {};

    private final Family family;
    private final NavigableMap<byte[], byte[]> latest = new TreeMap<>(Arrays::compareUnsigned);
    /** Deleted before anything in {@link #latest} was put. */
    private final List<Range> ranges = new ArrayList<>();

    Overlay(Family family) {
        this.family = family;
    }

    void add(MetadataBatch batch) {
        batch.read(this);
    }

    @Override
    public void put(Family of, ByteBuffer key, ByteBuffer value) {
        if (of == family) {
            latest.put(bytes(key), bytes(value));
        }
    }

    @Override
    public void delete(Family of, ByteBuffer key) {
        if (of == family) {
            latest.put(bytes(key), GONE);
        }
    }

    @Override
    public void deleteRange(Family of, ByteBuffer from, ByteBuffer to) {
        Range range = new Range(bytes(from), bytes(to));
        if (of != family || Arrays.compareUnsigned(range.from, range.to) >= 0) {
            return;
        }
        latest.subMap(range.from, true, range.to, false).clear();
        int last = ranges.size() - 1;
        if (last >= 0 && ranges.get(last).touches(range)) {
            ranges.set(last, ranges.get(last).with(range));
        } else {
            ranges.add(range);
        }
    }

    /** Visits the records of the store as they are with the batches, in the order of their keys. */
    void scan(Scan store, Visitor visitor) throws MetadataException {
        Merge merge = new Merge(latest, visitor);
        store.scan(merge);
        merge.finish();
    }

    /** As {@link #scan(Scan, Visitor)}, in parts as in {@link MetadataStore#scan(Family, List, List)}. */
    void scan(PartScan store, List<byte[]> bounds, List<Visitor> visitors) throws MetadataException {
        List<Merge> merges = new ArrayList<>();
        NavigableMap<byte[], byte[]> rest = latest;
        for (int part = 0; part < bounds.size(); part++) {
            merges.add(new Merge(rest.headMap(bounds.get(part), false), visitors.get(part)));
            rest = rest.tailMap(bounds.get(part), true);
        }
        merges.add(new Merge(rest, visitors.get(bounds.size())));
        store.scan(List.copyOf(merges));
        for (Merge merge : merges) {
            merge.finish();
        }
    }

    /** Hands over what there is to say, in pieces of some size that can be added up to a batch. */
    void write(Sink sink) throws MetadataException {
        for (Range range : ranges) {
            sink.next().deleteRange(family, range.from, range.to);
        }
        for (Map.Entry<byte[], byte[]> entry : latest.entrySet()) {
            if (isGone(entry.getValue())) {
                sink.next().delete(family, entry.getKey());
            } else {
                sink.next().put(family, entry.getKey(), entry.getValue());
            }
        }
    }

    /** The records below. */
    @FunctionalInterface
    interface Scan {
        void scan(Visitor visitor) throws MetadataException;
    }

    /** The records below, in parts. */
    @FunctionalInterface
    interface PartScan {
        void scan(List<Visitor> parts) throws MetadataException;
    }

    /** Gives the batch to which the next entry is added. */
    @FunctionalInterface
    interface Sink {
        MetadataBatch next() throws MetadataException;
    }

    private boolean isInRange(byte[] key) {
        for (Range range : ranges) {
            if (range.contains(key)) {
                return true;
            }
        }
        return false;
    }

    @SuppressWarnings("ReferenceEquality")
    private static boolean isGone(byte[] value) {
        return value == GONE;
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] copy = new byte[buffer.remaining()];
        buffer.get(buffer.position(), copy);
        return copy;
    }

    /** Walks the records of the store and the entries laid over them side by side. */
    private final class Merge implements Visitor {
        private final Visitor visitor;
        private NavigableMap<byte[], byte[]> rest;
        /** The first of them. */
        private byte @Nullable [] next;

        Merge(NavigableMap<byte[], byte[]> entries, Visitor visitor) {
            this.visitor = visitor;
            this.rest = entries;
            this.next = first(entries);
        }

        private static byte @Nullable [] first(NavigableMap<byte[], byte[]> entries) {
            return entries.isEmpty() ? null : entries.firstKey();
        }

        @Override
        public void record(ByteBuffer key, ByteBuffer value) throws MetadataException {
            if (ranges.isEmpty() && (next == null || MetadataStore.isBelow(key, next))) {
                // Nearly all of millions.
                visitor.record(key, value);
                return;
            }
            byte[] below = bytes(key);
            emit(rest.headMap(below, true));
            boolean replaced = rest.containsKey(below);
            rest = rest.tailMap(below, false);
            next = first(rest);
            if (!replaced && !isInRange(below)) {
                visitor.record(key, value);
            }
        }

        void finish() throws MetadataException {
            emit(rest);
        }

        private void emit(Map<byte[], byte[]> entries) throws MetadataException {
            for (Map.Entry<byte[], byte[]> entry : entries.entrySet()) {
                if (!isGone(entry.getValue())) {
                    visitor.record(
                            ByteBuffer.wrap(entry.getKey()).asReadOnlyBuffer(),
                            ByteBuffer.wrap(entry.getValue()).asReadOnlyBuffer());
                }
            }
        }
    }

    /** Keys from {@code from} (inclusive) to {@code to} (exclusive). */
    @SuppressWarnings("ArrayRecordComponent")
    private record Range(byte[] from, byte[] to) {

        boolean contains(byte[] key) {
            return Arrays.compareUnsigned(from, key) <= 0 && Arrays.compareUnsigned(key, to) < 0;
        }

        boolean touches(Range other) {
            return Arrays.compareUnsigned(from, other.to) <= 0 && Arrays.compareUnsigned(other.from, to) <= 0;
        }

        Range with(Range other) {
            return new Range(
                    Arrays.compareUnsigned(from, other.from) <= 0 ? from : other.from,
                    Arrays.compareUnsigned(to, other.to) >= 0 ? to : other.to);
        }
    }
}
