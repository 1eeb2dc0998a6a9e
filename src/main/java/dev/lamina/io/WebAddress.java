package dev.lamina.io;

import java.net.URI;
import java.net.URISyntaxException;

/** Addresses of files on web servers. */
public final class WebAddress {
  private WebAddress() {}

  /**
   * Returns an address as a URI.
   *
   * @param what the name of the address in messages
   * @throws LaminaException if it is not an http or https address that Java's HTTP client takes
   */
  public static URI parse(String what, String address) {
    try {
      return check(what, new URI(address));
    } catch (URISyntaxException e) {
      throw invalid(what, address);
    }
  }

  /**
   * Returns the URI if it is an http or https address that Java's HTTP client takes.
   *
   * @param what the name of the address in messages
   * @throws LaminaException if it is not
   */
  public static URI check(String what, URI uri) {
    // A URI whose host has an underscore has no host in Java.
    if (uri.getHost() == null
        || !("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
      throw invalid(what, uri.toString());
    }
    return uri;
  }

  /**
   * Returns the address that a response redirects to.
   *
   * @param location its header {@code Location}
   * @throws LaminaException as for {@link #parse}, or if the address has no TLS and the first has
   */
  static URI redirect(URI from, String location) {
    String what = "redirect of " + from;
    URI next;
    try {
      next = check(what, from.resolve(new URI(location)));
    } catch (URISyntaxException e) {
      throw invalid(what, location);
    }
    if (from.getScheme().equals("https") && !next.getScheme().equals("https")) {
      throw new LaminaException(from + " redirects to an address without TLS; check the address");
    }
    return next;
  }

  private static LaminaException invalid(String what, String address) {
    return new LaminaException(
        "%s must be an http or https address whose host has no underscore and whose special characters are percent-encoded (a space as %%20), got %s"
            .formatted(what, Messages.singleLine(address)));
  }
}
