/** Which blocks stay in the cache. Pure decisions: no I/O, no time. */
package io.brickcache.cache.policy;
