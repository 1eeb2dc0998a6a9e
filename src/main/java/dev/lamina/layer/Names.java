package dev.lamina.layer;

import static com.google.common.base.Preconditions.checkArgument;

/** Checks names of layers, which become parts of the names of variables and operations. */
final class Names {
  private Names() {}

  static void check(String name) {
    checkArgument(
        name.matches("[A-Za-z0-9][A-Za-z0-9_-]*"),
        "name must consist of letters, digits, underscores and hyphens, got \"%s\"",
        name);
  }
}
