/** The NBD protocol as bytes: numbers, encoding, decoding. No state, no I/O. */
package io.brickcache.nbd.wire;
