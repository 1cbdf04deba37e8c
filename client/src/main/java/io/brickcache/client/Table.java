package io.brickcache.client;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/**
 * Lines of aligned columns. A header that starts with {@code >} makes its column right-aligned; without headers every
 * column is left-aligned. A table wider than allowed cuts its widest text columns.
 */
final class Table {
    private static final String GAP = "  ";
    private static final String CUT = "...";
    private static final int NARROWEST = 8;

    private final List<String[]> rows = new ArrayList<>();
    private final boolean[] right;

    private Table(int columns) {
        right = new boolean[columns];
    }

    static Table withHeaders(String... headers) {
        Table table = new Table(headers.length);
        String[] texts = headers.clone();
        for (int i = 0; i < texts.length; i++) {
            table.right[i] = texts[i].startsWith(">");
            texts[i] = table.right[i] ? texts[i].substring(1) : texts[i];
        }
        table.rows.add(texts);
        return table;
    }

    /** Two columns: name and value. */
    static Table ofFields() {
        return new Table(2);
    }

    Table row(String... cells) {
        if (cells.length != right.length) {
            throw new IllegalArgumentException(cells.length + " cells in a table of " + right.length + " columns");
        }
        rows.add(cells.clone());
        return this;
    }

    void print(PrintStream out, int maxWidth) {
        int[] widths = widths(maxWidth);
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.length; i++) {
                String cell = cut(row[i], widths[i]);
                String padding = " ".repeat(widths[i] - cell.length());
                line.append(i == 0 ? "" : GAP).append(right[i] ? padding + cell : cell + padding);
            }
            out.println(line.toString().stripTrailing());
        }
    }

    private int[] widths(int maxWidth) {
        int[] widths = new int[right.length];
        int total = GAP.length() * (widths.length - 1);
        for (int i = 0; i < widths.length; i++) {
            for (String[] row : rows) {
                widths[i] = Math.max(widths[i], row[i].length());
            }
            total += widths[i];
        }
        for (; total > maxWidth; total--) {
            int widest = -1;
            for (int i = 0; i < widths.length; i++) {
                if (!right[i] && widths[i] > NARROWEST && (widest < 0 || widths[i] > widths[widest])) {
                    widest = i;
                }
            }
            if (widest < 0) {
                break;
            }
            widths[widest]--;
        }
        return widths;
    }

    private static String cut(String cell, int width) {
        return cell.length() <= width ? cell : cell.substring(0, width - CUT.length()) + CUT;
    }
}
