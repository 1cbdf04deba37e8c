package io.brickcache.admin;

/**
 * Something that keeps the service working when the machine is short of memory, or in the way of that.
 *
 * @param name short, for scripts: {@code io-flusher}
 * @param inForce false: the machine may come to a standstill that this would have prevented
 * @param detail what was found
 * @param remedy what to do if it is not in force; empty if it is
 */
public record ProtectionView(String name, boolean inForce, String detail, String remedy) {}
