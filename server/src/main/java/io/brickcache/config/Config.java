package io.brickcache.config;

import io.brickcache.admin.AdminOptions;
import io.brickcache.block.IoOptions;
import io.brickcache.cache.CacheOptions;
import io.brickcache.cache.ScrubOptions;
import io.brickcache.mapping.MapOptions;
import io.brickcache.nbd.NbdOptions;
import java.nio.file.Path;

/**
 * The whole configuration of a node.
 *
 * @param stateDirectory absolute path of the node's own files, outside the SSDs
 * @param cache defaults for every cache of the node
 */
public record Config(
        Path stateDirectory,
        NbdOptions nbd,
        AdminOptions admin,
        IoOptions io,
        CacheOptions cache,
        ScrubOptions scrub,
        MapOptions map) {}
