/** Simulated disks in virtual time: they reorder, tear, fail, and lose what was not synced. */
package io.brickcache.block.sim;
