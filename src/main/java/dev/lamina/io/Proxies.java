package dev.lamina.io;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.common.base.Splitter;
import com.google.common.net.InetAddresses;
import com.google.common.primitives.Ints;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The proxies that the environment names, as curl and Python read them: {@code HTTPS_PROXY}, {@code
 * HTTP_PROXY} and {@code NO_PROXY}, or the same in lower case, which come first. If neither proxy
 * is named, those of Java's own system properties. This machine itself is never reached by a proxy.
 */
final class Proxies extends ProxySelector {
  /** The status with which a proxy refuses a request. */
  static final int UNAUTHORIZED = 407;

  private static final int HTTP_PORT = 80;

  private final Map<String, String> environment;

  private Proxies(Map<String, String> environment) {
    this.environment = environment;
  }

  static Proxies of(Map<String, String> environment) {
    return new Proxies(environment);
  }

  /** Sets the proxies. Requests need their {@link #authorization} too. */
  HttpClient.Builder addTo(HttpClient.Builder client) {
    URI https = proxy("https");
    URI http = proxy("http");
    if (https == null && http == null) {
      return client.proxy(ProxySelector.getDefault());
    }
    if (https != null && https.getUserInfo() != null) {
      // Java sends no password to a proxy for HTTPS unless told; it reads this once, before
      // its first client or request.
      System.setProperty("jdk.http.auth.tunneling.disabledSchemes", "");
    }
    return client.proxy(this);
  }

  /**
   * Returns the {@code Proxy-Authorization} of a request, if the address of its proxy has a user.
   * Java's HTTP client sends it to the proxy alone. Not an Authenticator: with one the client drops
   * the {@code Authorization} of a request.
   */
  Optional<String> authorization(URI uri) {
    URI proxy = proxy(uri.getScheme());
    if (proxy == null || proxy.getUserInfo() == null || isExcluded(uri)) {
      return Optional.empty();
    }
    String user = proxy.getUserInfo();
    byte[] credentials = (user.contains(":") ? user : user + ":").getBytes(UTF_8);
    return Optional.of("Basic " + Base64.getEncoder().encodeToString(credentials));
  }

  /** Returns the message for {@link #UNAUTHORIZED}. */
  static String unauthorized(Object address) {
    return address
        + " was refused by the proxy (status 407); check the user and password in HTTP_PROXY or HTTPS_PROXY";
  }

  @Override
  public List<Proxy> select(URI uri) {
    URI proxy = proxy(uri.getScheme());
    if (proxy == null || isExcluded(uri)) {
      return List.of(Proxy.NO_PROXY);
    }
    int port = proxy.getPort() < 0 ? HTTP_PORT : proxy.getPort();
    return List.of(new Proxy(Proxy.Type.HTTP, new InetSocketAddress(proxy.getHost(), port)));
  }

  @Override
  public void connectFailed(URI uri, SocketAddress address, IOException failure) {
    // The download reports it.
  }

  private @Nullable URI proxy(String scheme) {
    String value = variable(scheme + "_proxy");
    if (value.isEmpty()) {
      return null;
    }
    try {
      URI proxy = URI.create(value.contains("://") ? value : "http://" + value);
      if (proxy.getHost() != null && "http".equals(proxy.getScheme())) {
        return proxy;
      }
    } catch (IllegalArgumentException e) {
      // Reported below, without the value, which may have a password.
    }
    throw new LaminaException(
        "%s must be the address of an HTTP proxy, such as http://proxy:3128; correct or unset it"
            .formatted((scheme + "_proxy").toUpperCase(Locale.ROOT)));
  }

  /**
   * Whether the host is this one, or {@code NO_PROXY} has it, a domain or a network that it is in,
   * or a star.
   */
  private boolean isExcluded(URI uri) {
    String host = uri.getHost().toLowerCase(Locale.ROOT);
    if (host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]")) {
      return true;
    }
    for (String entry :
        Splitter.on(',').trimResults().omitEmptyStrings().split(variable("no_proxy"))) {
      String excluded = entry.toLowerCase(Locale.ROOT).replaceFirst("^\\*?\\.", "");
      String withPort = host + ":" + uri.getPort();
      if (entry.equals("*")
          || host.equals(excluded)
          || withPort.equals(excluded)
          || host.endsWith("." + excluded)
          || isInNetwork(host, excluded)) {
        return true;
      }
    }
    return false;
  }

  private String variable(String name) {
    String lower = environment.getOrDefault(name, "");
    return (lower.isEmpty() ? environment.getOrDefault(name.toUpperCase(Locale.ROOT), "") : lower)
        .strip();
  }

  /** Whether a host is an address in a network, such as 10.0.0.0/8, or the network's only one. */
  private static boolean isInNetwork(String host, String network) {
    List<String> parts = Splitter.on('/').limit(2).splitToList(network);
    if (!InetAddresses.isUriInetAddress(host) || !InetAddresses.isInetAddress(parts.get(0))) {
      return false;
    }
    byte[] address = InetAddresses.forUriString(host).getAddress();
    byte[] base = InetAddresses.forString(parts.get(0)).getAddress();
    int size = base.length * Byte.SIZE;
    Integer prefix = parts.size() == 1 ? Integer.valueOf(size) : Ints.tryParse(parts.get(1));
    if (prefix == null || prefix < 0 || prefix > size || address.length != base.length) {
      return false;
    }
    BigInteger difference = new BigInteger(1, address).xor(new BigInteger(1, base));
    return difference.shiftRight(size - prefix).signum() == 0;
  }
}
