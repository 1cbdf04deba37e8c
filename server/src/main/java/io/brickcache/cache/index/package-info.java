/** Block to slot, slot states, gates, and the {@link io.brickcache.cache.index.MetadataStore} port. */
package io.brickcache.cache.index;
