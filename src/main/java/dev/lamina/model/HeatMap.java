package dev.lamina.model;

import com.google.common.primitives.ImmutableDoubleArray;

/**
 * How much each part of an image counts for a class.
 *
 * @param height the number of rows
 * @param width the number of columns
 * @param values at least 0, row by row; they cover the whole image, evenly
 */
public record HeatMap(int height, int width, ImmutableDoubleArray values) {
  /** Returns the value of a row and a column. */
  public double get(int row, int column) {
    return values.get(row * width + column);
  }

  /** Returns the largest value. */
  public double max() {
    return values.stream().max().orElse(0);
  }
}
