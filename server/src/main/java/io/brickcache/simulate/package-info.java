/** Runs the engine on a recorded trace, in virtual time, on devices that cost what a model says. */
package io.brickcache.simulate;
