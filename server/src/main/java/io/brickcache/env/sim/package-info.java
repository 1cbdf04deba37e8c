/** Virtual time and seeded randomness: the service's loop, clock and entropy for simulations. */
package io.brickcache.env.sim;
