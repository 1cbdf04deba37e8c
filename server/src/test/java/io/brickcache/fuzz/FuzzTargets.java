package io.brickcache.fuzz;

import io.brickcache.app.LedgerFuzz;
import io.brickcache.app.NodeStateFuzz;
import io.brickcache.cache.StartFuzz;
import io.brickcache.cache.index.LostFuzz;
import io.brickcache.cache.index.RecordsFuzz;
import io.brickcache.config.ConfigFuzz;
import io.brickcache.mapping.MappingFileFuzz;
import io.brickcache.mapping.WriteLogFuzz;
import io.brickcache.meta.CommitLogFuzz;
import io.brickcache.meta.SpareJournalFuzz;
import io.brickcache.nbd.MetaContextFuzz;
import io.brickcache.nbd.NegotiationFuzz;
import io.brickcache.nbd.TlsFilesFuzz;
import io.brickcache.nbd.TransmissionFuzz;

/** What is fuzzed. The corpus of a target is in {@code src/test/fuzz/NAME}. */
enum FuzzTargets {
    NEGOTIATION(NegotiationFuzz::fuzzerTestOneInput, "Negotiation"),
    META_CONTEXT(MetaContextFuzz::fuzzerTestOneInput, "MetaContext"),
    TRANSMISSION(TransmissionFuzz::fuzzerTestOneInput, "Transmission"),
    CONFIG(ConfigFuzz::fuzzerTestOneInput, "Config"),
    NODE_STATE(NodeStateFuzz::fuzzerTestOneInput, "NodeState"),
    RECORDS(RecordsFuzz::fuzzerTestOneInput, "Records"),
    LOST(LostFuzz::fuzzerTestOneInput, "Lost"),
    START(StartFuzz::fuzzerTestOneInput, "Start"),
    SPARE_JOURNAL(SpareJournalFuzz::fuzzerTestOneInput, "SpareJournal"),
    COMMIT_LOG(CommitLogFuzz::fuzzerTestOneInput, "CommitLog"),
    LEDGER(LedgerFuzz::fuzzerTestOneInput, "Ledger"),
    MAPPING(MappingFileFuzz::fuzzerTestOneInput, "Mapping"),
    WRITE_LOG(WriteLogFuzz::fuzzerTestOneInput, "WriteLog"),
    TLS_FILES(TlsFilesFuzz::fuzzerTestOneInput, "TlsFiles");

    @SuppressWarnings("ImmutableEnumChecker") // a method reference
    private final Target target;

    private final String corpus;

    FuzzTargets(Target target, String corpus) {
        this.target = target;
        this.corpus = corpus;
    }

    /** Throws whatever Jazzer would call a finding. */
    void run(byte[] input) throws Exception {
        target.run(input);
    }

    /** Name of the folder with its corpus. */
    String corpus() {
        return corpus;
    }

    /** A target as Jazzer calls it. */
    @FunctionalInterface
    private interface Target {
        void run(byte[] input) throws Exception;
    }
}
