/** Netty channels in virtual time, and a client of the NBD protocol at their other end. */
package io.brickcache.sim.wire;
