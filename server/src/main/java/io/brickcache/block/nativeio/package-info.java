/** The system calls that the JDK does not offer: direct I/O by address, ioctl, fallocate, locks. Linux, 64 bit. */
package io.brickcache.block.nativeio;
