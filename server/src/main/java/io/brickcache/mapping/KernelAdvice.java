package io.brickcache.mapping;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Says how this machine gets the kernel's NBD driver, if it does not have it. */
final class KernelAdvice {

    private static final String FALLBACK = "to try without: brickcache map --fuse BRICK";

    private final Path root;

    /** @param root of the file system to look at */
    KernelAdvice(Path root) {
        this.root = root;
    }

    static KernelAdvice ofThisMachine() {
        return new KernelAdvice(Path.of("/"));
    }

    /** The driver does not answer. */
    MappingException noDriver() {
        String release = read("proc/sys/kernel/osrelease");
        String modules = read("lib/modules/" + release + "/modules.dep");
        if (modules.lines().anyMatch(line -> line.matches(".*/nbd\\.ko(\\.\\w+)?:.*"))) {
            return new MappingException(
                    MappingException.Reason.NO_DRIVER,
                    "the kernel's module nbd is not loaded",
                    "load it: modprobe nbd (at every boot: echo nbd > /etc/modules-load.d/brickcache.conf)");
        }
        return new MappingException(
                MappingException.Reason.NO_DRIVER,
                "the running kernel " + release + " has no nbd driver (CONFIG_BLK_DEV_NBD)",
                remedy(release) + "; " + FALLBACK);
    }

    private String remedy(String release) {
        String system = (read("etc/os-release") + "\n").toLowerCase(Locale.ROOT);
        if (release.contains("cloud") && system.contains("id=debian")) {
            return "boot the kernel of package linux-image-amd64 (linux-image-arm64) instead of the cloud one";
        }
        if (system.contains("id=debian")) {
            return "install and boot package linux-image-amd64 (linux-image-arm64), then: modprobe nbd";
        }
        if (system.contains("ubuntu")) {
            return "install package linux-modules-extra-" + release + ", then: modprobe nbd";
        }
        if (system.contains("id=fedora")) {
            return "install package kernel-modules-" + release + ", then: modprobe nbd";
        }
        if (system.contains("rhel") || system.contains("centos")) {
            return "this distribution's kernel is built without it: use a kernel of ELRepo (kernel-lt, kernel-ml)";
        }
        return "use a kernel built with CONFIG_BLK_DEV_NBD=m, see docs/kernels.md";
    }

    private String read(String path) {
        try {
            return Files.readString(root.resolve(path)).strip();
        } catch (IOException e) {
            return "";
        }
    }
}
