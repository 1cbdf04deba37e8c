package io.brickcache.config;

/** Fuzz target: the configuration file. Whatever is in it, it is read or refused with a {@link ConfigException}. */
public final class ConfigFuzz {

    private ConfigFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        try {
            ConfigLoader.parse("fuzz.yaml", input);
        } catch (ConfigException e) {
            if (e.problems().isEmpty()) {
                throw new IllegalStateException("refused without a reason", e);
            }
        }
    }
}
