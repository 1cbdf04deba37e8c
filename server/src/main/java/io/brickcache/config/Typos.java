package io.brickcache.config;

import java.util.Collection;
import java.util.Optional;

/** Finds the known word that was probably meant. */
final class Typos {

    private Typos() {}

    /** The nearest candidate by edits (insert, delete, replace, swap), if it is near: up to a third of its letters. */
    static Optional<String> nearest(String word, Collection<String> candidates) {
        String best = null;
        int bestEdits = Integer.MAX_VALUE;
        for (String candidate : candidates) {
            int edits = edits(word, candidate);
            if (edits < bestEdits && edits <= Math.max(1, candidate.length() / 3)) {
                best = candidate;
                bestEdits = edits;
            }
        }
        return Optional.ofNullable(best);
    }

    /** Optimal string alignment distance. */
    private static int edits(String a, String b) {
        int[][] distance = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    distance[i][j] = i + j;
                    continue;
                }
                int replace = distance[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                int least = Math.min(replace, 1 + Math.min(distance[i - 1][j], distance[i][j - 1]));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    least = Math.min(least, distance[i - 2][j - 2] + 1);
                }
                distance[i][j] = least;
            }
        }
        return distance[a.length()][b.length()];
    }
}
