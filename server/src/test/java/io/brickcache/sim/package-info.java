/** The simulation that judges block devices: model, workload, crashes, and proof that the judge finds bugs. */
package io.brickcache.sim;
