/** The data area on the SSD: layout, slot allocation, checksums. */
package io.brickcache.cache.data;
