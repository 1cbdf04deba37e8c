package io.brickcache.admin;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;

/**
 * One page of a list ordered by name. Its token holds the last name, so that pages neither repeat nor skip what was
 * there all the time, whatever comes and goes between two calls.
 *
 * @param nextToken empty on the last page
 */
record Page<T>(List<T> items, String nextToken) {

    static <T> Page<T> of(List<T> all, Function<T, String> name, int requestedSize, String token) {
        int size = Arguments.pageSize("page_size", requestedSize);
        String after = decode(token);
        List<T> rest = all.stream()
                .filter(item -> name.apply(item).compareTo(after) > 0)
                .sorted(Comparator.comparing(name))
                .limit(size + 1L)
                .toList();
        if (rest.size() <= size) {
            return new Page<>(rest, "");
        }
        List<T> items = rest.subList(0, size);
        return new Page<>(items, encode(name.apply(items.get(size - 1))));
    }

    private static String encode(String name) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(name.getBytes(StandardCharsets.UTF_8));
    }

    private static String decode(String token) {
        try {
            return new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw AdminException.invalid(
                    "page_token", "not a token of this service", "start again with an empty page_token");
        }
    }
}
