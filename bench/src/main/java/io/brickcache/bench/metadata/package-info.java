/** Metadata of large caches without their data: written through the service's own classes, as the service would. */
package io.brickcache.bench.metadata;
