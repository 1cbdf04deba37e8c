/** Bricks as block devices of the kernel's own NBD driver: generic netlink, what uses a device, what is remembered. */
package io.brickcache.mapping;
