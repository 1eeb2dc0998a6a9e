package dev.lamina.io;

import com.google.common.base.Ascii;
import com.google.common.base.Strings;
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
   * Returns the URI, its scheme in lower case, if it is an http or https address that Java's HTTP
   * client takes.
   *
   * @param what the name of the address in messages
   * @throws LaminaException if it is not
   */
  public static URI check(String what, URI uri) {
    String scheme = Ascii.toLowerCase(Strings.nullToEmpty(uri.getScheme()));
    // A URI whose host has an underscore has no host in Java.
    if (uri.getHost() == null || !(scheme.equals("http") || scheme.equals("https"))) {
      throw invalid(what, uri.toString());
    }
    return URI.create(scheme + uri.toString().substring(scheme.length()));
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
      // Java drops the last part of the path if there is only a query, as an older standard did.
      String whole = location.startsWith("?") ? from.getRawPath() + location : location;
      next = check(what, from.resolve(new URI(whole)));
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
