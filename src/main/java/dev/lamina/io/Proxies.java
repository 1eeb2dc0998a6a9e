package dev.lamina.io;

import com.google.common.base.Splitter;
import java.io.IOException;
import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The proxies that the environment names, as curl and Python read them: {@code HTTPS_PROXY}, {@code
 * HTTP_PROXY} and {@code NO_PROXY}, or the same in lower case, which come first. If neither proxy
 * is named, those of Java's own system properties. This machine itself is never reached by a proxy.
 */
final class Proxies extends ProxySelector {
  private static final int HTTP_PORT = 80;

  private final Map<String, String> environment;

  private Proxies(Map<String, String> environment) {
    this.environment = environment;
  }

  static Proxies of(Map<String, String> environment) {
    return new Proxies(environment);
  }

  /** Sets the proxies, and the user and password that their addresses may have. */
  HttpClient.Builder addTo(HttpClient.Builder client) {
    URI https = proxy("https");
    URI http = proxy("http");
    if (https == null && http == null) {
      return client.proxy(ProxySelector.getDefault());
    }
    String user = userInfo(https == null ? http : https);
    if (user != null) {
      client.authenticator(authenticator(user));
    }
    return client.proxy(this);
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
   * Whether the host is this one, or {@code NO_PROXY} has it, a domain that it is in, or a star.
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
          || host.endsWith("." + excluded)) {
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

  private static @Nullable String userInfo(@Nullable URI proxy) {
    return proxy == null ? null : proxy.getUserInfo();
  }

  private static Authenticator authenticator(String user) {
    // Java offers no password to a proxy for HTTPS unless told; it reads this once.
    System.setProperty("jdk.http.auth.tunneling.disabledSchemes", "");
    List<String> parts = Splitter.on(':').limit(2).splitToList(user);
    return new Authenticator() {
      @Override
      protected @Nullable PasswordAuthentication getPasswordAuthentication() {
        return getRequestorType() == RequestorType.PROXY
            ? new PasswordAuthentication(
                parts.get(0), (parts.size() < 2 ? "" : parts.get(1)).toCharArray())
            : null;
      }
    };
  }
}
