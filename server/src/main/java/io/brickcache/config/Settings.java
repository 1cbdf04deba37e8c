package io.brickcache.config;

import io.brickcache.config.ConfigException.Problem;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * The values of a file, by key: walks the YAML nodes, at most two levels of mappings deep, and collects every problem
 * instead of stopping at the first. A key with a problem reads as its default.
 */
final class Settings {

    private static final Set<Tag> SCALAR_TAGS = Set.of(Tag.STR, Tag.INT, Tag.FLOAT, Tag.BOOL);
    private static final int SHOWN_CHARACTERS = 60;

    private final String file;
    private final Map<String, ConfigKey<?>> keys = new HashMap<>();
    private final Set<String> sections = new LinkedHashSet<>();
    private final Map<ConfigKey<?>, List<Object>> values = new HashMap<>();
    private final Map<String, Node> places = new HashMap<>();
    private final List<Problem> problems = new ArrayList<>();

    Settings(String file) {
        this.file = file;
        for (ConfigKey<?> key : ConfigKey.ALL) {
            keys.put(key.name(), key);
            int dot = key.name().indexOf('.');
            if (dot > 0) {
                sections.add(key.name().substring(0, dot));
            }
        }
    }

    /** Takes over the document. */
    void read(Node root) {
        if (root instanceof MappingNode mapping) {
            readMapping("", mapping);
        } else if (!isNull(root)) {
            problem(root, "the file holds " + kind(root) + ", not keys with values");
        }
    }

    /** The value of a key that takes one; its default if it was not given. */
    <T> T get(ConfigKey<T> key) {
        return list(key).get(0);
    }

    /** The value of a key, or empty if it was not given and has no default. */
    <T> Optional<T> find(ConfigKey<T> key) {
        return values.containsKey(key) || !key.defaultText().isEmpty() ? Optional.of(get(key)) : Optional.empty();
    }

    /** The values of a key; its default if it was not given. */
    @SuppressWarnings("unchecked")
    <T> List<T> list(ConfigKey<T> key) {
        List<Object> given = values.get(key);
        return given == null ? List.of(key.format().parse(key.defaultText())) : (List<T>) given;
    }

    /** Adds a problem at the place of a key or section, or of the whole file if it was not given. */
    void problemAt(String name, String message) {
        Node place = places.get(name);
        if (place == null) {
            problems.add(new Problem(file, 0, 0, message));
        } else {
            problem(place, message);
        }
    }

    /** Everything that was wrong, in the order of the file. */
    List<Problem> problems() {
        return problems.stream()
                .sorted(Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column))
                .toList();
    }

    private void readMapping(String prefix, MappingNode mapping) {
        Map<String, Integer> lineByKey = new HashMap<>();
        for (NodeTuple tuple : mapping.getValue()) {
            Node keyNode = tuple.getKeyNode();
            if (!(keyNode instanceof ScalarNode scalar)) {
                problem(keyNode, "a key cannot be " + kind(keyNode));
                continue;
            }
            String name = prefix + scalar.getValue();
            Integer firstLine = lineByKey.putIfAbsent(name, line(keyNode));
            if (firstLine != null) {
                problem(keyNode, "key '" + shown(name) + "' was given before, in line " + firstLine);
            } else if (prefix.isEmpty() && sections.contains(name)) {
                readSection(name, keyNode, tuple.getValueNode());
            } else {
                readKey(prefix, name, keyNode, tuple.getValueNode());
            }
        }
    }

    private void readSection(String name, Node keyNode, Node value) {
        places.put(name, keyNode);
        if (value instanceof MappingNode mapping) {
            readMapping(name + ".", mapping);
        } else if (!isNull(value)) {
            problem(
                    value,
                    "'" + name + "' is a section with keys of its own, not " + kind(value) + "; its keys: "
                            + String.join(", ", names(name + ".")));
        }
    }

    private void readKey(String prefix, String name, Node keyNode, Node value) {
        ConfigKey<?> key = keys.get(name);
        if (key == null || !prefix.isEmpty() != name.contains(".")) {
            unknown(prefix, name, keyNode);
            return;
        }
        places.put(name, keyNode);
        List<Object> parsed = new ArrayList<>();
        if (value instanceof SequenceNode sequence && key.shape() == ConfigKey.Shape.LIST) {
            if (sequence.getValue().isEmpty()) {
                problem(
                        value,
                        "'" + name + "' is an empty list; allowed: "
                                + key.format().allowed());
            }
            sequence.getValue().forEach(item -> parse(key, item).ifPresent(parsed::add));
        } else {
            parse(key, value).ifPresent(parsed::add);
        }
        if (!parsed.isEmpty()) {
            values.put(key, parsed);
        }
    }

    private Optional<Object> parse(ConfigKey<?> key, Node value) {
        String allowed = "; allowed: " + key.format().allowed();
        if (isNull(value)) {
            problem(value, "'" + key.name() + "' has no value" + allowed);
        } else if (!(value instanceof ScalarNode scalar)) {
            problem(value, "'" + key.name() + "' cannot be " + kind(value) + allowed);
        } else if (!SCALAR_TAGS.contains(scalar.getTag())) {
            problem(
                    value,
                    "'" + key.name() + "' cannot have the tag "
                            + shown(scalar.getTag().getValue()) + allowed);
        } else {
            try {
                return Optional.of(key.format().parse(scalar.getValue()));
            } catch (IllegalArgumentException e) {
                problem(
                        value,
                        "'" + key.name() + "' cannot be '" + shown(scalar.getValue()) + "': " + e.getMessage()
                                + allowed);
            }
        }
        return Optional.empty();
    }

    private void unknown(String prefix, String name, Node keyNode) {
        List<String> known = names(prefix);
        String meant = Typos.nearest(name, known)
                .map(nearest -> "did you mean '" + nearest + "'?")
                .orElseGet(() -> "known here: " + String.join(", ", known));
        problem(keyNode, "unknown key '" + shown(name) + "'; " + meant);
    }

    /** Keys of a section, or keys and sections of the top level. */
    private List<String> names(String prefix) {
        List<String> names = new ArrayList<>();
        if (prefix.isEmpty()) {
            keys.keySet().stream().filter(name -> !name.contains(".")).sorted().forEach(names::add);
            names.addAll(sections);
        } else {
            keys.keySet().stream()
                    .filter(name -> name.startsWith(prefix))
                    .sorted()
                    .forEach(names::add);
        }
        return names;
    }

    private void problem(Node node, String message) {
        Optional<Mark> mark = node.getStartMark();
        problems.add(new Problem(
                file, line(node), mark.map(place -> place.getColumn() + 1).orElse(0), message));
    }

    private static int line(Node node) {
        return node.getStartMark().map(mark -> mark.getLine() + 1).orElse(0);
    }

    private static boolean isNull(Node node) {
        return node instanceof ScalarNode scalar && scalar.getTag().equals(Tag.NULL);
    }

    private static String kind(Node node) {
        return switch (node.getNodeType()) {
            case MAPPING -> "a mapping";
            case SEQUENCE -> "a list";
            case SCALAR -> "a single value";
            default -> "an alias";
        };
    }

    private static String shown(String text) {
        String line = text.replaceAll("\\p{Cntrl}", "?");
        return line.length() <= SHOWN_CHARACTERS ? line : line.substring(0, SHOWN_CHARACTERS) + "...";
    }
}
