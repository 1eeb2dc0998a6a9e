package dev.lamina.io;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Splitter;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProxiesTest {
  /** The variables, the address, and the proxy that it is reached by. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "HTTPS_PROXY=http://p:3128                              | https://hub.example/a | p:3128",
        "HTTPS_PROXY=http://p:3128                              | http://hub.example/a  | direct",
        "HTTP_PROXY=p:8080 HTTPS_PROXY=http://user:word@q       | http://hub.example/a  | p:8080",
        "HTTP_PROXY=p:8080 HTTPS_PROXY=http://user:word@q       | https://hub.example/a | q:80",
        "HTTPS_PROXY=http://p:1 https_proxy=http://q:2          | https://hub.example/a | q:2",
        "HTTPS_PROXY=http://p:1 NO_PROXY=example                | https://hub.example/a | direct",
        "HTTPS_PROXY=http://p:1 NO_PROXY=x,.hub.example         | https://hub.example/a | direct",
        "HTTPS_PROXY=http://p:1 no_proxy=*.hub.example          | https://b.Hub.example | direct",
        "HTTPS_PROXY=http://p:1 NO_PROXY=ub.example,hub.exampl  | https://hub.example/a | p:1",
        "HTTPS_PROXY=http://p:1 NO_PROXY=hub.example:443        | https://hub.example/a | p:1",
        "HTTPS_PROXY=http://p:1 NO_PROXY=hub.example:8443       | https://hub.example:8443/a | direct",
        "HTTPS_PROXY=http://p:1 NO_PROXY=*                      | https://hub.example/a | direct",
        "HTTPS_PROXY=http://p:1                                 | https://localhost:9/a | direct",
        "HTTPS_PROXY=http://p:1                                 | https://127.0.0.1/a   | direct",
        "HTTPS_PROXY=http://p:1                                 | https://[::1]:9/a     | direct"
      })
  void proxy(String variables, URI uri, String expected) {
    Map<String, String> environment =
        Splitter.on(' ').withKeyValueSeparator(Splitter.on('=').limit(2)).split(variables.strip());
    Proxy proxy = Proxies.of(environment).select(uri).get(0);
    String actual =
        proxy.address() instanceof InetSocketAddress address
            ? address.getHostString() + ":" + address.getPort()
            : "direct";
    assertThat(actual).isEqualTo(expected);
  }
}
