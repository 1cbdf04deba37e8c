/** The first phase of a connection: fixed-newstyle negotiation, up to the choice of an export. */
package io.brickcache.nbd.handshake;
