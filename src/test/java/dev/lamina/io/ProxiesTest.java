package dev.lamina.io;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Splitter;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.util.Base64;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProxiesTest {
  private static Proxies proxies(String variables) {
    return Proxies.of(
        Splitter.on(' ').withKeyValueSeparator(Splitter.on('=').limit(2)).split(variables.strip()));
  }

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
        "HTTPS_PROXY=http://p:1 NO_PROXY=x,10.0.0.0/8           | https://10.200.3.4:9/ | direct",
        "HTTPS_PROXY=http://p:1 NO_PROXY=x,10.0.0.0/8           | https://11.0.0.1/a    | p:1",
        "HTTPS_PROXY=http://p:1 NO_PROXY=192.168.0.0/23         | https://192.168.1.9/a | direct",
        "HTTPS_PROXY=http://p:1 NO_PROXY=192.168.0.0/23         | https://192.168.2.9/a | p:1",
        "HTTPS_PROXY=http://p:1 NO_PROXY=200.0.0.0/0            | https://1.2.3.4/a     | direct",
        "HTTPS_PROXY=http://p:1 NO_PROXY=10.0.0.1/32            | https://10.0.0.1/a    | direct",
        "HTTPS_PROXY=http://p:1 NO_PROXY=10.0.0.0/33,10.0.0.0/x | https://10.0.0.0/a    | p:1",
        "HTTPS_PROXY=http://p:1 NO_PROXY=10.0.0.0/8             | https://10.example/a  | p:1",
        "HTTPS_PROXY=http://p:1 NO_PROXY=0.0.0.0/0              | https://[fd00::1]/a   | p:1",
        "HTTPS_PROXY=http://p:1 NO_PROXY=fd00::/8               | https://[fd12::1]:9/a | direct",
        "HTTPS_PROXY=http://p:1 NO_PROXY=fd00::1                | https://[fd00::1]/a   | direct",
        "HTTPS_PROXY=http://p:1                                 | https://localhost:9/a | direct",
        "HTTPS_PROXY=http://p:1                                 | https://127.0.0.1/a   | direct",
        "HTTPS_PROXY=http://p:1                                 | https://[::1]:9/a     | direct"
      })
  void proxy(String variables, URI uri, String expected) {
    Proxy proxy = proxies(variables).select(uri).get(0);
    String actual =
        proxy.address() instanceof InetSocketAddress address
            ? address.getHostString() + ":" + address.getPort()
            : "direct";
    assertThat(actual).isEqualTo(expected);
  }

  /** The variables, the address, and the user and password that its proxy gets. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "HTTP_PROXY=u:v@p HTTPS_PROXY=x:y@q          | http://hub.example/a  | u:v",
        "HTTP_PROXY=u:v@p HTTPS_PROXY=x:y@q          | https://hub.example/a | x:y",
        "HTTP_PROXY=p HTTPS_PROXY=x:y@q              | http://hub.example/a  | none",
        "HTTP_PROXY=u:v@p                            | https://hub.example/a | none",
        "HTTP_PROXY=u:v@p NO_PROXY=hub.example       | http://hub.example/a  | none",
        "HTTP_PROXY=u:v@p                            | http://localhost/a    | none",
        "HTTP_PROXY=u@p                              | http://hub.example/a  | u:",
        "HTTP_PROXY=u:%40:%C3%BC@p                   | http://hub.example/a  | u:@:\u00fc"
      })
  void authorization_isThatOfTheProxyOfTheAddress(String variables, URI uri, String expected) {
    String actual =
        proxies(variables)
            .authorization(uri)
            .map(value -> value.replace("Basic ", ""))
            .map(value -> new String(Base64.getDecoder().decode(value), UTF_8))
            .orElse("none");
    assertThat(actual).isEqualTo(expected);
  }
}
