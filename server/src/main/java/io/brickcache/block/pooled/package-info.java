/** The device of blocking calls on a pool of threads: where io_uring is not to be had, and for calls it does not have. */
package io.brickcache.block.pooled;
