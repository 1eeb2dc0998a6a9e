package dev.lamina.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.common.primitives.ImmutableDoubleArray;
import com.google.common.primitives.ImmutableLongArray;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class OptionsTest {
  private static void refuses(Object value, Function<Options, Object> read, String message) {
    Options options = Options.none().with("x", value).owner("crop");
    assertThatIllegalArgumentException().isThrownBy(() -> read.apply(options)).withMessage(message);
  }

  @Test
  void values_areReadBack() {
    Options options =
        Options.none()
            .with("int", 3)
            .with("long", 1L << 40)
            .with("double", 0.5)
            .with("float", 0.1f)
            .with("flag", true)
            .with("text", "a")
            .with("enum", Thread.State.NEW)
            .with("doubles", ImmutableDoubleArray.of(1, 0.5))
            .with("longs", ImmutableLongArray.of(1, 2))
            .with("texts", List.of("a", "b"))
            .with("inner", Options.none().with("y", 1));
    assertThat(options.getInt("int")).isEqualTo(3);
    assertThat(options.getLong("long")).isEqualTo(1L << 40);
    assertThat(options.getDouble("double")).isEqualTo(0.5);
    assertThat(options.getDouble("float")).isEqualTo(0.1);
    assertThat(options.getDouble("int")).isEqualTo(3);
    assertThat(options.getBoolean("flag")).isTrue();
    assertThat(options.getString("text")).isEqualTo("a");
    assertThat(options.getEnum("enum", Thread.State.class)).isEqualTo(Thread.State.NEW);
    assertThat(options.getDoubles("doubles")).isEqualTo(ImmutableDoubleArray.of(1, 0.5));
    assertThat(options.getLongs("longs")).isEqualTo(ImmutableLongArray.of(1, 2));
    assertThat(options.getStrings("texts")).containsExactly("a", "b");
    assertThat(options.getOptions("inner").getInt("y")).isEqualTo(1);
    assertThat(options.getOptions("inner").path()).isEqualTo("inner");
    options.checkNoOthers();
  }

  @Test
  void missing_takesTheDefault_andADefaultIsNotTakenForAWrongValue() {
    Options none = Options.none();
    assertThat(none.getInt("x", 3)).isEqualTo(3);
    assertThat(none.getLong("x", 4)).isEqualTo(4);
    assertThat(none.getDouble("x", 0.5)).isEqualTo(0.5);
    assertThat(none.getBoolean("x", true)).isTrue();
    assertThat(none.getEnum("x", Thread.State.NEW)).isEqualTo(Thread.State.NEW);
    refuses("3", o -> o.getInt("x", 3), "x of crop must be a whole number, got \"3\"");
  }

  @Test
  void wrongValues_areRefusedWithOwnerOptionRuleAndValue() {
    refuses(1L << 40, o -> o.getInt("x"), "x of crop must be a whole number, got 1099511627776");
    refuses(2.5, o -> o.getInt("x"), "x of crop must be a whole number, got 2.5");
    refuses(2.5, o -> o.getLong("x"), "x of crop must be a whole number, got 2.5");
    refuses(0, o -> o.getBoolean("x"), "x of crop must be true or false, got 0");
    refuses(true, o -> o.getDouble("x"), "x of crop must be a number, got true");
    refuses(1, o -> o.getString("x"), "x of crop must be a text, got 1");
    refuses(1, o -> o.getOptions("x"), "x of crop must be an object, got 1");
    refuses(
        List.of(1, "a"), o -> o.getDoubles("x"), "x of crop must be a list of numbers, got [1, a]");
    refuses(1, o -> o.getInt("y"), "crop lacks the option \"y\"");
  }

  @Test
  void with_refusesWhatNoFileCanHold() {
    for (Object value :
        List.of(Double.NaN, Double.POSITIVE_INFINITY, Float.NaN, new int[0].getClass())) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Options.none().with("x", value))
          .withMessage(
              "option \"x\" must be a finite number, a boolean, a text, options or a list of these, got "
                  + value);
    }
  }

  @Test
  void options_areValues() {
    Options one = Options.none().with("x", 1);
    assertThat(one.with("x", 2)).isEqualTo(Options.none().with("x", 2L)).isNotEqualTo(one);
    assertThat(one.owner("a").at("b")).isEqualTo(one).hasSameHashCodeAs(one);
    assertThat(one.at("b").path("c")).isEqualTo("b.c");
  }
}
