/** Netty's side of device I/O: the loop, the device on its io_uring, and the choice of the engine. */
package io.brickcache.block.ring;
