package dev.lamina.data;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/**
 * The Fashion-MNIST sample in the jar (Xiao, Rasul and Vollgraf, arXiv 1708.07747; MIT licence).
 */
final class Embedded {
  static final List<String> CLASS_NAMES =
      List.of(
          "t-shirt",
          "trouser",
          "pullover",
          "dress",
          "coat",
          "sandal",
          "shirt",
          "sneaker",
          "bag",
          "ankle boot");

  private Embedded() {}

  static ImageData open() {
    return Idx.read(
        new Idx.Source() {
          @Override
          public InputStream open(String name) throws IOException {
            InputStream stream = Embedded.class.getResourceAsStream(describe(name));
            if (stream == null) {
              throw new FileNotFoundException(describe(name));
            }
            return stream;
          }

          @Override
          public String describe(String name) {
            return "fashion-mnist/" + name + ".gz";
          }

          @Override
          public List<String> classNames(int maxLabel) {
            return CLASS_NAMES;
          }
        },
        ReadOptions.create().maxMemory(Long.MAX_VALUE));
  }
}
