package io.brickcache.cache;

import io.brickcache.cache.index.MetadataBatch;
import io.brickcache.cache.index.SlotTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * The changes between two commits, and the reads of the SSD that began meanwhile.
 *
 * <p>Slots retired in an epoch may be looked at by reads that began in it or before it; they are free when the epoch is
 * committed and those reads are done (I5).
 */
final class Epoch {

    long number;
    int[] changed = new int[256];
    int changedCount;
    int[] retired = new int[256];
    int retiredCount;
    /** Slots that were dirty and of which the records of this epoch know nothing any more. */
    int[] forgotten = new int[256];

    int forgottenCount;
    /** Reads of slots under way that began in this epoch. */
    int readers;

    boolean committed;
    /** New slots were written: the SSD must be synced before the metadata. */
    boolean wroteSlots;
    /** More slots were retired than are worth a record each: all records are written anew. */
    boolean rewrite;

    final List<CommitListener> listeners = new ArrayList<>();
    /** Other records to be written with the epoch. */
    final List<Consumer<MetadataBatch>> records = new ArrayList<>();

    boolean hasChanges() {
        return changedCount > 0 || rewrite || !records.isEmpty();
    }

    void addChanged(int slot) {
        if (changedCount == changed.length) {
            changed = Arrays.copyOf(changed, 2 * changedCount);
        }
        changed[changedCount++] = slot;
    }

    void addRetired(int slot) {
        if (retiredCount == retired.length) {
            retired = Arrays.copyOf(retired, 2 * retiredCount);
        }
        retired[retiredCount++] = slot;
    }

    /** Called when the records are written. */
    void noteForgotten(SlotTable slots) {
        for (int i = 0; i < changedCount; i++) {
            int slot = changed[i];
            if (slots.wasDirty(slot) && !slots.isObsolete(slot)) {
                if (forgottenCount == forgotten.length) {
                    forgotten = Arrays.copyOf(forgotten, 2 * forgottenCount);
                }
                forgotten[forgottenCount++] = slot;
            }
        }
    }

    /** Takes over everything of an epoch that could not be committed, but not its readers and listeners. */
    void absorb(Epoch failed) {
        for (int i = 0; i < failed.changedCount; i++) {
            addChanged(failed.changed[i]);
        }
        for (int i = 0; i < failed.retiredCount; i++) {
            addRetired(failed.retired[i]);
        }
        failed.changedCount = 0;
        failed.retiredCount = 0;
        wroteSlots |= failed.wroteSlots;
        rewrite |= failed.rewrite;
        records.addAll(0, failed.records);
    }

    /** Ready to be opened anew. */
    void reset(long newNumber) {
        number = newNumber;
        changedCount = 0;
        retiredCount = 0;
        forgottenCount = 0;
        readers = 0;
        committed = false;
        wroteSlots = false;
        rewrite = false;
        listeners.clear();
        records.clear();
    }
}
