/** The NBD server: listens, counts, and moves each connection to the loop of the export it chose. */
package io.brickcache.nbd;
