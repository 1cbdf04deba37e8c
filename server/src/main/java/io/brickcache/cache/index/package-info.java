/** What lies where: block to slot, the state of every slot, its durable records and the port they are kept behind. */
package io.brickcache.cache.index;
