package dev.lamina.registry;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.primitives.ImmutableDoubleArray;
import com.google.common.primitives.ImmutableLongArray;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Values by name, in order: the stored form of a layer, an optimizer or a recipe. A value is a
 * finite number, a boolean, a text, options, or a list of these.
 *
 * <p>Messages about an option name its {@linkplain #owner() owner}, the rule and the value. Options
 * are immutable, except that they record which names were read, for {@link #checkNoOthers}.
 */
public final class Options {
  private final String owner;
  private final String path;
  private final boolean written;
  private final ImmutableMap<String, Object> values;
  private final Set<String> asked = new LinkedHashSet<>();

  private Options(String owner, String path, boolean written, Map<String, Object> values) {
    this.owner = owner;
    this.path = path;
    this.written = written;
    this.values = ImmutableMap.copyOf(values);
  }

  /** Returns empty options. */
  public static Options none() {
    return new Options("options", "", false, ImmutableMap.of());
  }

  /**
   * Returns these options with one more, or with another value of it.
   *
   * @param value a number, a boolean, a text, the constant of an enum, options, or a list or an
   *     immutable array of these
   * @throws IllegalArgumentException if the value is of another class, or a number that is not
   *     finite
   */
  public Options with(String name, Object value) {
    Map<String, Object> more = new LinkedHashMap<>(values);
    more.put(name, OptionValues.plain(name, value));
    return new Options(owner, path, written, more);
  }

  /**
   * Returns these options with the values of others. Options inside are merged in the same way,
   * unless the others say that they are of another {@link Registry#KIND}: then they are replaced,
   * as all other values are.
   */
  public Options merge(Options others) {
    Options merged = this;
    for (Map.Entry<String, Object> other : others.values.entrySet()) {
      Object value = other.getValue();
      if (values.get(other.getKey()) instanceof Options before
          && value instanceof Options after
          && after.isOfKind(before)) {
        value = before.merge(after);
      }
      merged = merged.with(other.getKey(), value);
    }
    return merged;
  }

  /** Returns whether these options name no kind, or that of others. */
  private boolean isOfKind(Options others) {
    Object kind = values.get(Registry.KIND);
    return kind == null || kind.equals(others.values.get(Registry.KIND));
  }

  /** Returns the owner of these options, for messages. */
  public String owner() {
    return owner;
  }

  /** Returns these options with another owner, of which nothing has been read yet. */
  public Options owner(String owner) {
    return new Options(owner, path, written, values);
  }

  /** Returns the path of these options from the root, joined by dots; empty at the root. */
  public String path() {
    return path;
  }

  /** Returns these options with another path. */
  public Options at(String path) {
    return new Options(owner, path, written, values);
  }

  /** Returns these options as those that Lamina wrote: perhaps a newer one, with more names. */
  public Options written() {
    return new Options(owner, path, true, values);
  }

  /** Returns the path of a part of these options. */
  public String path(String part) {
    return path.isEmpty() ? part : path + "." + part;
  }

  /** Returns the names and values, in order. */
  public Map<String, Object> values() {
    return values;
  }

  /** Returns whether there is an option of this name. */
  public boolean has(String name) {
    asked.add(name);
    return values.containsKey(name);
  }

  /** Returns whether an option was read, or asked for. */
  public boolean wasAsked(String name) {
    return asked.contains(name);
  }

  /**
   * Checks that every option was read.
   *
   * @throws IllegalArgumentException if one was not; the message suggests the nearest known names,
   *     or names all
   */
  public void checkNoOthers() {
    Set<String> unknown = new LinkedHashSet<>(values.keySet());
    unknown.removeAll(asked);
    if (!unknown.isEmpty()) {
      String name = unknown.iterator().next();
      Set<String> known = new TreeSet<>(asked);
      known.remove(Registry.KIND);
      String near = NameTable.suggestion(name, known);
      String all = known.isEmpty() ? "none" : String.join(", ", known);
      String advice =
          written
              ? "; use the Lamina that wrote it, or remove the option" + near
              : near.isEmpty() ? "; its options: " + all : near;
      throw new OptionException("%s has no option \"%s\"%s".formatted(owner, name, advice));
    }
  }

  /** Returns a text. */
  public String getString(String name) {
    return required(name, "a text", OptionValues::text);
  }

  /** Returns a text, or the default if the option is missing. */
  public String getString(String name, String ifMissing) {
    return has(name) ? getString(name) : ifMissing;
  }

  /** Returns a boolean. */
  public boolean getBoolean(String name) {
    return required(name, "true or false", OptionValues::flag);
  }

  /** Returns a boolean, or the default if the option is missing. */
  public boolean getBoolean(String name, boolean ifMissing) {
    return has(name) ? getBoolean(name) : ifMissing;
  }

  /** Returns a whole number of 32 bits. */
  public int getInt(String name) {
    return required(
        name,
        "a whole number",
        value ->
            value instanceof Long whole && whole == whole.intValue() ? whole.intValue() : null);
  }

  /** Returns a whole number of 32 bits, or the default if the option is missing. */
  public int getInt(String name, int ifMissing) {
    return has(name) ? getInt(name) : ifMissing;
  }

  /** Returns a whole number. */
  public long getLong(String name) {
    return required(name, "a whole number", OptionValues::whole);
  }

  /** Returns a whole number, or the default if the option is missing. */
  public long getLong(String name, long ifMissing) {
    return has(name) ? getLong(name) : ifMissing;
  }

  /** Returns a number. */
  public double getDouble(String name) {
    return required(name, "a number", OptionValues::number);
  }

  /** Returns a number, or the default if the option is missing. */
  public double getDouble(String name, double ifMissing) {
    return has(name) ? getDouble(name) : ifMissing;
  }

  /** Returns the constant of an enum. */
  public <E extends Enum<E>> E getEnum(String name, Class<E> type) {
    return required(name, "one of " + constants(type), value -> OptionValues.constant(value, type));
  }

  /** Returns constants of an enum. */
  public <E extends Enum<E>> List<E> getEnums(String name, Class<E> type) {
    return list(name, "a list of " + constants(type), value -> OptionValues.constant(value, type));
  }

  private static String constants(Class<? extends Enum<?>> type) {
    return Arrays.stream(type.getEnumConstants()).map(Enum::name).collect(Collectors.joining(", "));
  }

  /** Returns the constant of an enum, or the default if the option is missing. */
  public <E extends Enum<E>> E getEnum(String name, E ifMissing) {
    return has(name) ? getEnum(name, ifMissing.getDeclaringClass()) : ifMissing;
  }

  /** Returns numbers. */
  public ImmutableDoubleArray getDoubles(String name) {
    return ImmutableDoubleArray.copyOf(list(name, "a list of numbers", OptionValues::number));
  }

  /** Returns whole numbers. */
  public ImmutableLongArray getLongs(String name) {
    return ImmutableLongArray.copyOf(list(name, "a list of whole numbers", OptionValues::whole));
  }

  /** Returns texts. */
  public List<String> getStrings(String name) {
    return list(name, "a list of texts", OptionValues::text);
  }

  /** Returns options inside these, whose path is {@link #path(String)} of the name. */
  public Options getOptions(String name) {
    return nested(required(name, "an object", OptionValues::options), name);
  }

  /** Returns a list of options, each with its index, from 0, as its path. */
  public List<Options> getOptionsList(String name) {
    List<Options> list = list(name, "a list of objects", OptionValues::options);
    ImmutableList.Builder<Options> placed = ImmutableList.builder();
    for (int i = 0; i < list.size(); i++) {
      placed.add(nested(list.get(i), Integer.toString(i)));
    }
    return placed.build();
  }

  private Options nested(Options part, String name) {
    return new Options(owner, path(name), written, part.values);
  }

  private <V> List<V> list(String name, String rule, Function<Object, @Nullable V> as) {
    return required(name, rule, value -> OptionValues.elements(value, as));
  }

  private <V> V required(String name, String rule, Function<Object, @Nullable V> as) {
    asked.add(name);
    Object value = values.get(name);
    if (value == null) {
      throw new OptionException("%s lacks the option \"%s\"".formatted(owner, name));
    }
    V converted = as.apply(value);
    if (converted == null) {
      throw new OptionException(
          "%s of %s must be %s, got %s"
              .formatted(name, owner, rule, value instanceof String ? "\"" + value + "\"" : value));
    }
    return converted;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Options options && options.values.equals(values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  @Override
  public String toString() {
    return values.toString();
  }
}
