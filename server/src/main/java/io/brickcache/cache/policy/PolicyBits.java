package io.brickcache.cache.policy;

/** Three bits per slot that belong to the eviction policy; they live in the slot table to save memory. */
public interface PolicyBits {

    /** 0 to 7; 0 for a slot just mapped. */
    int policyBits(int slot);

    void setPolicyBits(int slot, int bits);
}
