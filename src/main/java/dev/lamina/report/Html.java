package dev.lamina.report;

import com.google.common.html.HtmlEscapers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/** Parts of an HTML page. All text is escaped. */
final class Html {
  private Html() {}

  static String escape(String text) {
    return HtmlEscapers.htmlEscaper().escape(text);
  }

  /** Returns a part of the page with a heading; nothing if there is no content. */
  static String section(String heading, String content) {
    return content.isEmpty()
        ? ""
        : "<section>\n<h2>%s</h2>\n%s\n</section>\n".formatted(escape(heading), content);
  }

  /** A cell with more letters is broken into lines. */
  private static final int LONG = 24;

  /**
   * Returns a table whose first column holds names, and the others numbers or short text. It
   * scrolls by itself if it is wider or much longer than the page.
   */
  static String table(List<String> header, List<List<String>> rows) {
    StringBuilder text =
        new StringBuilder("<div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr>");
    // Dotted keys may be broken behind a dot.
    header.forEach(
        cell -> text.append("<th>").append(escape(cell).replace(".", ".<wbr>")).append("</th>"));
    text.append("</tr></thead>\n<tbody>\n");
    for (List<String> row : rows) {
      // In any script, from left to right or from right to left.
      text.append("<tr><th><bdi>").append(escape(row.get(0))).append("</bdi></th>");
      row.stream()
          .skip(1)
          .forEach(
              cell ->
                  text.append(cell.length() > LONG ? "<td class=\"long\">" : "<td>")
                      .append(escape(cell))
                      .append("</td>"));
      text.append("</tr>\n");
    }
    return text.append("</tbody></table></div>").toString();
  }

  /** Returns a list of names with their values. */
  static String values(Map<String, String> values) {
    StringBuilder text = new StringBuilder();
    values.forEach(
        (name, value) ->
            text.append(
                "<div><dt>%s</dt><dd>%s</dd></div>\n".formatted(escape(name), escape(value))));
    return text.isEmpty() ? "" : "<dl>\n" + text + "</dl>";
  }

  /** Returns a PNG file as part of the page; nothing if there is no such file. */
  static String picture(Path png, String description) {
    if (!Files.isRegularFile(png)) {
      return "";
    }
    try {
      return "<img alt=\"%s\" src=\"data:image/png;base64,%s\">\n"
          .formatted(
              escape(description), Base64.getEncoder().encodeToString(Files.readAllBytes(png)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
