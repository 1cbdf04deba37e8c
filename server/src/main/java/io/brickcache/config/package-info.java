/** Reads the configuration file once, into the options records of the packages it configures. */
package io.brickcache.config;
