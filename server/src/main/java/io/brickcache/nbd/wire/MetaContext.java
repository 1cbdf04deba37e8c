package io.brickcache.nbd.wire;

/** What BLOCK_STATUS can report, with the number this server gives it in a connection. */
public enum MetaContext {
    /** Holes and zeroes. */
    ALLOCATION("base", "base:allocation", 1),
    /** Not cached (0), clean (1), dirty (2). */
    RESIDENCY("brickcache", "brickcache:residency", 2);

    private final String namespace;
    private final String fullName;
    private final int id;

    MetaContext(String namespace, String fullName, int id) {
        this.namespace = namespace;
        this.fullName = fullName;
        this.id = id;
    }

    public String fullName() {
        return fullName;
    }

    public int id() {
        return id;
    }

    /** True if a LIST query, a full name or a bare "namespace:", asks for this context. */
    public boolean listedBy(String query) {
        return query.equals(fullName) || query.equals(namespace + ":");
    }
}
