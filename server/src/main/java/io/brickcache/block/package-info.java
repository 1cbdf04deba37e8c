/** Asynchronous block devices: the port, its buffers, its decorators, and the ring, pooled and simulated devices. */
package io.brickcache.block;
