/** The metadata store on RocksDB: the only package that knows RocksDB. */
package io.brickcache.meta;
