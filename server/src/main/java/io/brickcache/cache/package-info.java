/** The engine: one cache, its bricks, and the rules R1 to R8 (docs/invariants.md). */
package io.brickcache.cache;
