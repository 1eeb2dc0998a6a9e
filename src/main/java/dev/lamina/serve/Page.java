package dev.lamina.serve;

import com.google.common.base.Preconditions;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The web page for classifying an image. */
final class Page {
  private Page() {}

  /**
   * Returns the page of a model. Its Content-Security-Policy allows only its own script and style,
   * by hash, and requests to this server.
   */
  static HttpResponse of(String modelName, long version) {
    String html =
        resource().replace("{{model}}", modelName).replace("{{version}}", Long.toString(version));
    String policy =
        "default-src 'none'; script-src %s; style-src %s; img-src blob: data:; connect-src 'self';"
                .formatted(hash(html, "script"), hash(html, "style"))
            + " form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    return new HttpResponse(
        200,
        Map.of(
            "Content-Type",
            "text/html; charset=utf-8",
            "Content-Security-Policy",
            policy,
            "Referrer-Policy",
            "no-referrer"),
        ByteBuffer.wrap(html.getBytes(StandardCharsets.UTF_8)));
  }

  private static String resource() {
    try (InputStream stream = Page.class.getResourceAsStream("index.html")) {
      Preconditions.checkState(stream != null, "index.html must be in the jar");
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String hash(String html, String tag) {
    Matcher element =
        Pattern.compile("<" + tag + ">(.*)</" + tag + ">", Pattern.DOTALL).matcher(html);
    Preconditions.checkState(element.find(), "index.html must have one %s", tag);
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(element.group(1).getBytes(StandardCharsets.UTF_8));
      return "'sha256-" + Base64.getEncoder().encodeToString(digest) + "'";
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
