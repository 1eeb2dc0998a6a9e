package dev.lamina.registry;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableDoubleArray;
import com.google.common.primitives.ImmutableLongArray;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The classes of the values of {@link Options}. */
final class OptionValues {
  private OptionValues() {}

  /** Returns the value in its stored form. */
  static Object plain(String name, Object value) {
    if (value instanceof Enum<?> constant) {
      return constant.name();
    }
    if (value instanceof Integer whole) {
      return whole.longValue();
    }
    if (value instanceof Float number) {
      // As it is written in decimal: 0.1f is 0.1.
      return plain(name, Double.valueOf(number.toString()));
    }
    if (value instanceof ImmutableDoubleArray numbers) {
      return plain(name, numbers.asList());
    }
    if (value instanceof ImmutableLongArray numbers) {
      return plain(name, numbers.asList());
    }
    if (value instanceof List<?> list) {
      return list.stream()
          .map(element -> plain(name, element))
          .collect(ImmutableList.toImmutableList());
    }
    checkArgument(
        value instanceof Boolean
            || value instanceof String
            || value instanceof Long
            || value instanceof Options
            || (value instanceof Double number && Double.isFinite(number)),
        "option \"%s\" must be a finite number, a boolean, a text, options or a list of these, got %s",
        name,
        value);
    return value;
  }

  static @Nullable String text(Object value) {
    return value instanceof String text ? text : null;
  }

  static @Nullable Double number(Object value) {
    return value instanceof Number number ? (Double) number.doubleValue() : null;
  }

  static @Nullable Options options(Object value) {
    return value instanceof Options options ? options : null;
  }

  static @Nullable Long whole(Object value) {
    return value instanceof Long whole ? whole : null;
  }

  static @Nullable Boolean flag(Object value) {
    return value instanceof Boolean flag ? flag : null;
  }

  static <E extends Enum<E>> @Nullable E constant(Object value, Class<E> type) {
    return Arrays.stream(type.getEnumConstants())
        .filter(constant -> constant.name().equals(value))
        .findFirst()
        .orElse(null);
  }

  /** Returns the elements of a list; null if it is not one, or an element is of another class. */
  static <V> @Nullable List<V> elements(Object value, Function<Object, @Nullable V> as) {
    if (!(value instanceof List<?> list)) {
      return null;
    }
    ImmutableList.Builder<V> elements = ImmutableList.builder();
    for (Object element : list) {
      V converted = as.apply(element);
      if (converted == null) {
        return null;
      }
      elements.add(converted);
    }
    return elements.build();
  }
}
