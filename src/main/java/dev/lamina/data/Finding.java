package dev.lamina.data;

/**
 * Something about a data set that its user should look at.
 *
 * @param what what was found
 * @param advice what to do
 */
public record Finding(String what, String advice) {
  /** Returns both in one line. */
  @Override
  public String toString() {
    return what + "; " + advice;
  }
}
