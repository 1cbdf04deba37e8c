package io.brickcache.client;

import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Duration;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * proto3 JSON with field names as in the .proto files, default values included, and 64-bit integers as numbers: the
 * standard mapping makes them strings, which {@code jq} does not add up.
 */
final class Json {
    private static final String INDENT = "  ";

    private final StringBuilder text = new StringBuilder();

    private Json() {}

    /** The value, indented. It is null, or made of messages, maps, lists, strings, numbers and booleans. */
    static String of(@Nullable Object value) {
        Json json = new Json();
        json.value(value, "");
        return json.text.toString();
    }

    private void value(@Nullable Object value, String indent) {
        if (value instanceof Timestamp time) {
            string(Instant.ofEpochSecond(time.getSeconds(), time.getNanos()).toString());
        } else if (value instanceof Duration time) {
            string(duration(time));
        } else if (value instanceof Message message) {
            members(fields(message), indent);
        } else if (value instanceof Map<?, ?> map) {
            members(map, indent);
        } else if (value instanceof List<?> list) {
            list(list, indent);
        } else if (value instanceof EnumValueDescriptor constant) {
            string(constant.getName());
        } else if (value == null || value instanceof Number || value instanceof Boolean) {
            text.append(value);
        } else if (value instanceof String string) {
            string(string);
        } else {
            throw new IllegalArgumentException("no JSON for " + value.getClass());
        }
    }

    private static Map<String, Object> fields(Message message) {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
            if (!field.hasPresence() || message.hasField(field)) {
                fields.put(field.getName(), message.getField(field));
            }
        }
        return fields;
    }

    private void members(Map<?, ?> members, String indent) {
        String inner = indent + INDENT;
        String separator = "{\n";
        for (Map.Entry<?, ?> member : members.entrySet()) {
            text.append(separator).append(inner);
            string(member.getKey().toString());
            text.append(": ");
            value(member.getValue(), inner);
            separator = ",\n";
        }
        text.append(members.isEmpty() ? "{}" : "\n" + indent + "}");
    }

    private void list(List<?> items, String indent) {
        String inner = indent + INDENT;
        String separator = "[\n";
        for (Object item : new ArrayList<>(items)) {
            text.append(separator).append(inner);
            value(item, inner);
            separator = ",\n";
        }
        text.append(items.isEmpty() ? "[]" : "\n" + indent + "]");
    }

    private void string(String value) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"' -> text.append("\\\"");
                case '\\' -> text.append("\\\\");
                case '\n' -> text.append("\\n");
                case '\t' -> text.append("\\t");
                case '\r' -> text.append("\\r");
                default -> {
                    if (c < 0x20 || c == 0x7f) {
                        text.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
                    } else {
                        text.append(c);
                    }
                }
            }
        }
        text.append('"');
    }

    /** Seconds with 0, 3, 6 or 9 decimals, as the standard mapping has it. Ours are never negative. */
    private static String duration(Duration time) {
        int nanos = time.getNanos();
        if (nanos == 0) {
            return time.getSeconds() + "s";
        }
        String decimals = String.format(Locale.ROOT, "%09d", nanos);
        while (decimals.endsWith("000")) {
            decimals = decimals.substring(0, decimals.length() - 3);
        }
        return time.getSeconds() + "." + decimals + "s";
    }
}
