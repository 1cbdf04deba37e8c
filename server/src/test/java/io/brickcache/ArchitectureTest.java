package io.brickcache;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.lang.Thread.UncaughtExceptionHandler;
import java.time.Instant;
import java.util.Arrays;
import java.util.Random;
import java.util.Timer;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The direction of dependencies of docs/architecture.md, and who may touch what is outside. */
class ArchitectureTest {

    private static final String ROOT = "io.brickcache.";
    private static final JavaClasses PRODUCT = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.brickcache");

    /** What each package, with those below it, may use of others; {@code app} may use all. */
    @ParameterizedTest
    @CsvSource({
        "env, ''",
        "block, 'env env.sim'",
        "cache.policy, ''",
        "cache.index, 'cache.policy env'",
        "cache.data, 'cache.index block'",
        "cache, 'block env'",
        "demotion, 'cache cache.index block env'",
        "meta, 'block cache.index env'",
        "simulate, 'block cache cache.data cache.index demotion env env.sim'",
        "nbd, 'block env'",
        "nbd.wire, block",
        "nbd.handshake, 'nbd.wire nbd.transmission block env'",
        "nbd.transmission, 'nbd.wire block env'",
        "admin, env",
        "mapping, 'block block.nativeio env'",
        "config, 'admin block cache nbd mapping env'",
    })
    void shouldUseOnlyThePackagesItMay(String user, String used) {
        String[] allowed = Stream.concat(
                        Stream.of(ROOT + user + ".."),
                        Arrays.stream(used.split(" "))
                                .filter(name -> !name.isEmpty())
                                .map(name -> ROOT + name))
                .toArray(String[]::new);
        ArchRule rule = noClasses()
                .that()
                .resideInAPackage(ROOT + user + "..")
                .should()
                .dependOnClassesThat(resideInAPackage(ROOT + ".").and(not(resideInAnyPackage(allowed))));
        rule.check(PRODUCT);
    }

    @Test
    void shouldHaveNoCyclesWhenPackagesAreLookedAtAsSlices() {
        slices().matching(ROOT + "(*)..").should().beFreeOfCycles().check(PRODUCT);
    }

    @Test
    void shouldOnlySeeOptionsWhenItReadsTheConfiguration() {
        classes()
                .that()
                .resideInAPackage(ROOT + "config..")
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(ROOT + "config..", ROOT + "env..")
                        .or(not(resideInAPackage(ROOT + ".")))
                        .or(nameMatches(".*Options(\\$.*)?")))
                .check(PRODUCT);
    }

    /** Libraries and the only places that know them: packages with {@code ..}, or classes. */
    @ParameterizedTest
    @CsvSource({
        "org.rocksdb.., meta..",
        "io.grpc.., admin..",
        "com.google.protobuf.., admin..",
        "com.google.rpc.., admin..",
        "io.netty.., nbd.. block.ring.. admin.AdminServer app.Node app.LoopHost app.RunningCache",
        "org.snakeyaml.., config.. app.NodeState",
        "picocli.., app.Main",
        "com.sun.jna.., block.nativeio.. block.pooled.. block.BufferPool block.DirectProbe app.SystemdNotifier app.ProcessCalls app.Launcher app.Protections"
                + " mapping.LibC mapping.NetlinkSocket mapping.KernelSocket",
    })
    void shouldKnowALibraryInOnePlaceOnly(String library, String places) {
        noClasses()
                .that(not(in(places)))
                .should()
                .dependOnClassesThat(resideInAPackage(library))
                .check(PRODUCT);
    }

    @Test
    void shouldTakeTimeAndRandomnessFromTheEnvironment() {
        noClasses()
                .that(not(in("env..")))
                .should()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(Instant.class, "now")
                .orShould()
                .dependOnClassesThat(assignableTo(Random.class))
                .check(PRODUCT);
    }

    @Test
    void shouldKnowThreadsOnlyWhereSomethingBlocks() {
        noClasses()
                .that(
                        not(
                                in(
                                        "env.Cores env.sim.SimLoop block.pooled.. block.ring.. meta.. app.. admin.Calls admin.AdminServer")))
                .should()
                .dependOnClassesThat(assignableTo(
                        Thread.class,
                        UncaughtExceptionHandler.class,
                        Timer.class,
                        Executors.class,
                        ThreadPoolExecutor.class,
                        ForkJoinPool.class))
                .check(PRODUCT);
    }

    /** Packages with {@code ..} and classes with their nested ones, divided by spaces. */
    private static DescribedPredicate<JavaClass> in(String places) {
        return DescribedPredicate.describe(
                "in " + places,
                type -> Arrays.stream(places.split(" "))
                        .map(place -> ROOT + place)
                        .anyMatch(place -> place.endsWith("..")
                                ? resideInAPackage(place).test(type)
                                : type.getName().equals(place) || type.getName().startsWith(place + "$")));
    }

    private static DescribedPredicate<JavaClass> assignableTo(Class<?>... types) {
        return DescribedPredicate.describe(
                "assignable to one of " + Arrays.toString(types),
                type -> Arrays.stream(types).anyMatch(type::isAssignableTo));
    }

    private static DescribedPredicate<JavaClass> nameMatches(String regex) {
        return DescribedPredicate.describe(
                "named " + regex, type -> type.getName().matches(regex));
    }
}
