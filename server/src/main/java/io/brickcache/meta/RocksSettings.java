package io.brickcache.meta;

import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.Cache;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompressionType;
import org.rocksdb.DBOptions;
import org.rocksdb.LRUCache;
import org.rocksdb.ReadOptions;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteBufferManager;
import org.rocksdb.WriteOptions;

/**
 * RocksDB's options, and why they are so. Owns the native objects; closed after the database.
 *
 * <ul>
 *   <li><b>WAL recovery: kTolerateCorruptedTailRecords.</b> A batch is answered only after its log was synced, and there
 *       is one batch at a time, so a power cut can leave at most the last, unanswered one incomplete: that must not
 *       keep the cache from opening, so kAbsoluteConsistency is too strict. Damage before the end of a log is
 *       somebody's answered batch: kPointInTimeRecovery would drop it and all that came after without a word, and
 *       kSkipAnyCorruptedRecords would make a state that never was. This mode refuses to open instead, as a
 *       corruption. What it cannot tell apart: a log whose <i>last</i> record lost its end to a fault of the medium
 *       looks like one that was never completed.
 *   <li><b>No atomic flush.</b> The column families share the log, and a batch is in a memtable only after its log was
 *       synced, so a table file is never ahead of the log.
 *   <li><b>No flush at recovery.</b> Opening needs next to no space that way, and a full directory can be reopened;
 *       the logs are bounded by {@code max_total_wal_size} all the same.
 *   <li><b>No write stalls for compaction.</b> A compaction that finds no space would otherwise stop the commits for
 *       good; with few, small records the cost is a slower scan at start.
 *   <li><b>Few bytes written twice.</b> Slot groups are written in the order of their keys, round and round, so that a
 *       memtable covers a narrow range of them. Small table files and one level below level 0 make a compaction rewrite that
 *       range and little else (bench/metadata-churn).
 *   <li><b>Memory.</b> One cache holds the blocks, the indexes of the tables and the charge of the memtables.
 *   <li>No compression and no bloom filters: records are only ever scanned, once, at start (measured: LZ4 doubles the
 *       load time for a third of the space).
 * </ul>
 */
final class RocksSettings implements AutoCloseable {

    private static final int BLOCK_BYTES = 16 << 10;
    private static final long SCAN_READAHEAD_BYTES = 4L << 20;
    private static final long INFO_LOG_BYTES = 1L << 20;
    private static final int INFO_LOGS = 4;
    private static final long MANIFEST_BYTES = 4L << 20;
    private static final long MANIFEST_PREALLOCATION_BYTES = 64L << 10;
    private static final int BACKGROUND_JOBS = 2;
    private static final int MEMTABLES_PER_FAMILY = 2;
    private static final long TABLE_BYTES = 8L << 20;
    /** Up to here one level has everything; a cache of 4 TiB in blocks of 4 KiB has thrice as much, and two levels. */
    private static final long LEVEL_BYTES = 4L << 30;
    /** Share of the memory that one memtable takes at most: memory / 4. */
    private static final int MEMTABLE_SHARE = 4;
    /** Effectively never. */
    private static final int NO_STALL = 1 << 30;

    final DBOptions database = new DBOptions();
    final ColumnFamilyOptions family = new ColumnFamilyOptions();
    final ReadOptions scan = new ReadOptions();
    final WriteOptions commit = new WriteOptions();
    private final Cache cache;
    private final WriteBufferManager memtables;

    /** RocksDB's library must have been loaded. */
    RocksSettings(MetaOptions options) {
        cache = new LRUCache(options.memoryBytes());
        memtables = new WriteBufferManager(options.memoryBytes() / 2, cache);
        setDatabase(options);
        setFamily(options);
        scan.setFillCache(false).setReadaheadSize(SCAN_READAHEAD_BYTES).setVerifyChecksums(true);
        commit.setSync(true);
    }

    private void setDatabase(MetaOptions options) {
        database.setParanoidChecks(true)
                .setWalRecoveryMode(WALRecoveryMode.TolerateCorruptedTailRecords)
                .setAvoidFlushDuringRecovery(true)
                .setMaxTotalWalSize(options.memoryBytes())
                .setWriteBufferManager(memtables)
                .setMaxOpenFiles(options.maxOpenFiles())
                .setMaxFileOpeningThreads(BACKGROUND_JOBS)
                .setMaxBackgroundJobs(BACKGROUND_JOBS)
                .setMaxLogFileSize(INFO_LOG_BYTES)
                .setKeepLogFileNum(INFO_LOGS)
                .setStatsDumpPeriodSec(0)
                .setStatsPersistPeriodSec(0)
                .setMaxManifestFileSize(MANIFEST_BYTES)
                .setManifestPreallocationSize(MANIFEST_PREALLOCATION_BYTES);
    }

    private void setFamily(MetaOptions options) {
        family.setCompressionType(CompressionType.NO_COMPRESSION)
                .setBottommostCompressionType(CompressionType.NO_COMPRESSION)
                .setWriteBufferSize(options.memoryBytes() / MEMTABLE_SHARE)
                .setMaxWriteBufferNumber(MEMTABLES_PER_FAMILY)
                .setTargetFileSizeBase(TABLE_BYTES)
                .setMaxBytesForLevelBase(LEVEL_BYTES)
                .setLevel0SlowdownWritesTrigger(NO_STALL)
                .setLevel0StopWritesTrigger(NO_STALL)
                .setSoftPendingCompactionBytesLimit(0)
                .setHardPendingCompactionBytesLimit(0)
                .setTableFormatConfig(new BlockBasedTableConfig()
                        .setBlockSize(BLOCK_BYTES)
                        .setBlockCache(cache)
                        .setCacheIndexAndFilterBlocks(true)
                        .setPinL0FilterAndIndexBlocksInCache(true));
    }

    @Override
    public void close() {
        scan.close();
        commit.close();
        family.close();
        database.close();
        memtables.close();
        cache.close();
    }
}
