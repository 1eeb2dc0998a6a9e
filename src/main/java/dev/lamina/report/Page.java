package dev.lamina.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.google.common.base.Preconditions;
import dev.lamina.io.AtomicFiles;
import dev.lamina.io.OptionalLibraries;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An HTML page in one file: styles, scripts, charts and pictures are inside, and its
 * Content-Security-Policy forbids to load anything.
 */
final class Page {
  private static final String PROPERTIES = "META-INF/maven/org.webjars.npm/uplot/pom.properties";
  private static final String LIBRARY = "META-INF/resources/webjars/uplot/%s/dist/%s";

  private static final Pattern PART = Pattern.compile("\\{\\{([a-z-]+)}}");

  private static final String TEMPLATE =
      """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
      <title>{{title}}</title>
      <style>{{uplot-style}}{{style}}</style>
      </head>
      <body>
      <main>
      <h1><bdi>{{title}}</bdi></h1>
      {{body}}
      </main>
      <script type="application/json" id="data">{{charts}}</script>
      <script>{{uplot-script}}</script>
      <script>{{script}}</script>
      </body>
      </html>
      """;

  private Page() {}

  /** Returns the place of the charts in a page. */
  static String charts(List<Chart> charts) {
    return charts.isEmpty() ? "" : "<div id=\"charts\"></div>";
  }

  /**
   * Writes a page.
   *
   * @param body HTML
   * @throws dev.lamina.io.LaminaException if uPlot is missing, or the file cannot be written
   */
  static void write(Path file, String title, String body, List<Chart> charts) {
    ArrayNode json = JsonNodeFactory.instance.arrayNode();
    charts.forEach(chart -> chart.addTo(json));
    String version = version();
    Map<String, String> parts = new HashMap<>();
    parts.put("title", Html.escape(title));
    parts.put("body", body);
    // Ends no script element.
    parts.put("charts", json.toString().replace("<", "\\u003c"));
    parts.put("style", own("report.css"));
    parts.put("script", own("report.js"));
    parts.put("uplot-style", text(library(LIBRARY.formatted(version, "uPlot.min.css"))));
    parts.put("uplot-script", text(library(LIBRARY.formatted(version, "uPlot.iife.min.js"))));
    // In one pass, so that nothing in a user's text is taken for a part.
    AtomicFiles.writeString(
        file,
        PART.matcher(TEMPLATE)
            .replaceAll(part -> Matcher.quoteReplacement(parts.getOrDefault(part.group(1), ""))));
  }

  private static String version() {
    InputStream stream = library(PROPERTIES);
    OptionalLibraries.require("a report", "org.webjars.npm:uplot", stream != null);
    Properties properties = new Properties();
    try {
      properties.load(new StringReader(text(stream)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties.getProperty("version", "");
  }

  private static String own(String name) {
    return text(Page.class.getResourceAsStream(name));
  }

  private static @Nullable InputStream library(String name) {
    return Page.class.getClassLoader().getResourceAsStream(name);
  }

  private static String text(@Nullable InputStream resource) {
    Preconditions.checkState(resource != null, "the jars must hold all files of a page");
    try (InputStream stream = resource) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
