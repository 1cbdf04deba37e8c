/** The second phase of a connection: requests are validated, executed on the export's device, and answered. */
package io.brickcache.nbd.transmission;
