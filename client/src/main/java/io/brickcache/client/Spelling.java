package io.brickcache.client;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Finds what somebody meant to write among what could have been written. */
final class Spelling {
    private Spelling() {}

    /**
     * The nearest of {@code names}: cut short, or with few mistakes, which are a quarter of its letters and one more at most,
     * and never all. A mistake is a letter too many, one too few, a wrong one, or two that changed places. Of equally near
     * ones the first by name.
     */
    static Optional<String> nearest(String written, Collection<String> names) {
        return names.stream()
                .filter(name -> mistakes(written, name) < Math.min(letters(name), 2 + letters(name) / 4))
                .min(Comparator.<String>comparingInt(name -> mistakes(written, name))
                        .thenComparing(Comparator.naturalOrder()));
    }

    private static int letters(String name) {
        return (int) name.chars().filter(Character::isLetter).count();
    }

    private static int mistakes(String written, String name) {
        return letters(written) > 1 && name.startsWith(written) ? 1 : distance(written, name);
    }

    /** Optimal string alignment: {@code rows[i][j]} mistakes make the first i letters of one the first j of the other. */
    private static int distance(String written, String name) {
        int[][] rows = new int[written.length() + 1][name.length() + 1];
        for (int i = 0; i <= written.length(); i++) {
            for (int j = 0; j <= name.length(); j++) {
                rows[i][j] = i == 0 || j == 0 ? i + j : step(rows, i, j, written, name);
            }
        }
        return rows[written.length()][name.length()];
    }

    private static int step(int[][] rows, int i, int j, String written, String name) {
        int wrong = written.charAt(i - 1) == name.charAt(j - 1) ? 0 : 1;
        int least = Math.min(rows[i - 1][j - 1] + wrong, Math.min(rows[i - 1][j], rows[i][j - 1]) + 1);
        boolean changedPlaces = i > 1
                && j > 1
                && written.charAt(i - 1) == name.charAt(j - 2)
                && written.charAt(i - 2) == name.charAt(j - 1);
        return changedPlaces ? Math.min(least, rows[i - 2][j - 2] + 1) : least;
    }
}
