/** The command-line client {@code brickcache}. */
package io.brickcache.client;
