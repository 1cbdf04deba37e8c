/** The process: arguments, start and stop, systemd, logging. */
package io.brickcache.app;
