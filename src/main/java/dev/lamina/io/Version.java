package dev.lamina.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The version of Lamina. */
public final class Version {
  // Maven writes it into the jar. Unlike the manifest, it is there in a fat jar and a module too.
  private static final String PROPERTIES = "/META-INF/maven/dev.lamina/lamina/pom.properties";

  private Version() {}

  /** Returns the version of the jar that this class is in; "development" outside a jar. */
  public static String get() {
    try (InputStream stream = Version.class.getResourceAsStream(PROPERTIES)) {
      Properties properties = new Properties();
      if (stream != null) {
        properties.load(stream);
      }
      return properties.getProperty("version", "development");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
