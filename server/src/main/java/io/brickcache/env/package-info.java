/** The only place that touches time, threads, randomness and the node's own files. */
package io.brickcache.env;
