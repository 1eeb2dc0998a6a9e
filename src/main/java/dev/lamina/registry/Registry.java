package dev.lamina.registry;

import static com.google.common.base.Preconditions.checkArgument;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * The classes of one kind, such as layers, that can be stored in files, each with a name, a writer
 * and a reader. Custom classes are registered like those of Lamina:
 *
 * <pre>{@code
 * LayerTypes.REGISTRY.register("Blur", Blur.class,
 *     blur -> Options.none().with("size", blur.size()),
 *     options -> Blur.of(options.getInt("size")));
 * }</pre>
 *
 * <p>The names are part of the file format: a class or a field can be renamed, its name here must
 * not change.
 *
 * @param <T> the kind: a layer, an optimizer
 */
public final class Registry<T> {
  /** The option with the name of the class. */
  public static final String KIND = "kind";

  private record Type<V>(
      String name, Function<? super V, Options> writer, Function<Options, ? extends V> reader) {}

  private final String noun;
  private final String home;
  private final NameTable<Type<? extends T>> byName;
  private final Map<Class<?>, Type<? extends T>> byClass = new ConcurrentHashMap<>();

  private Registry(String noun, String home) {
    this.noun = noun;
    this.home = home;
    byName = NameTable.of(noun);
  }

  /**
   * Returns an empty registry.
   *
   * @param noun the noun for one of them in messages: {@code layer}
   * @param home the field that holds the registry, for messages: {@code LayerTypes.REGISTRY}
   */
  public static <T> Registry<T> of(String noun, String home) {
    return new Registry<>(noun, home);
  }

  /**
   * Adds a class.
   *
   * @param name its name in files
   * @param type the class
   * @param writer returns all options of a value, including those with their default
   * @param reader creates a value from options; the default of a missing option is that of the
   *     class
   * @return this registry
   * @throws IllegalArgumentException if the name or the class is registered already
   */
  public synchronized <V extends T> Registry<T> register(
      String name,
      Class<V> type,
      Function<? super V, Options> writer,
      Function<Options, ? extends V> reader) {
    Type<? extends T> registered = byClass.get(type);
    checkArgument(
        registered == null,
        "class of a %s must not be registered twice, got %s, which is \"%s\"",
        noun,
        type.getName(),
        registered == null ? "" : registered.name());
    Type<V> added = new Type<>(name, writer, reader);
    byName.add(name, added);
    byClass.put(type, added);
    return this;
  }

  /** Returns the names, sorted. */
  public Set<String> names() {
    return byName.names();
  }

  /** Returns the name of a value's class, or empty if it is not registered. */
  public Optional<String> name(T value) {
    return Optional.ofNullable(byClass.get(type(value))).map(Type::name);
  }

  /** Returns the class of a value; of an enum constant, that of the enum. */
  private static Class<?> type(Object value) {
    return value instanceof Enum<?> constant ? constant.getDeclaringClass() : value.getClass();
  }

  /**
   * Returns a value as options: the name of its class as {@link #KIND}, then those of the writer.
   *
   * @throws UnregisteredException if its class is not registered
   */
  public Options write(T value) {
    Type<? extends T> type = byClass.get(type(value));
    if (type == null) {
      throw new UnregisteredException(
          "%s of class %s %s"
              .formatted(noun, type(value).getName(), howToRegister(type(value).getSimpleName())),
          type(value));
    }
    Options options = Options.none().with(KIND, type.name());
    for (Map.Entry<String, Object> option : written(type, value).values().entrySet()) {
      checkArgument(
          !option.getKey().equals(KIND), "option of %s must not be called \"%s\"", noun, KIND);
      options = options.with(option.getKey(), option.getValue());
    }
    return options;
  }

  @SuppressWarnings("unchecked") // Found by the class of the value.
  private static <V> Options written(Type<V> type, Object value) {
    return type.writer().apply((V) value);
  }

  /**
   * Returns the value of options.
   *
   * @throws UnregisteredException if its class is not registered
   * @throws IllegalArgumentException if an option is missing, is invalid or unknown; the message
   *     names the value by its {@link Options#path()}
   */
  public T read(Options options) {
    String owner = options.path().isEmpty() ? noun : "%s \"%s\"".formatted(noun, options.path());
    String name = options.owner(owner).getString(KIND);
    if (!byName.has(name)) {
      throw new UnregisteredException(
          "%s is of the kind \"%s\", which %s%s"
              .formatted(
                  owner, name, howToRegister(name), NameTable.suggestion(name, byName.names())));
    }
    Options own = options.owner("%s (%s)".formatted(owner, name));
    own.getString(KIND);
    try {
      T value = byName.get(name).reader().apply(own);
      own.checkNoOthers();
      return value;
    } catch (OptionException | UnregisteredException e) {
      throw e;
    } catch (IllegalArgumentException e) {
      throw new OptionException(own.owner() + ": " + e.getMessage(), e);
    }
  }

  /**
   * Returns a value whose options all have their defaults.
   *
   * @throws IllegalArgumentException if there is no such name, or an option has no default
   */
  public T create(String name) {
    return create(name, Options.none());
  }

  /**
   * Returns a value with some options; the others have their defaults.
   *
   * @throws IllegalArgumentException if there is no such name, or an option is missing, invalid or
   *     unknown
   */
  public T create(String name, Options options) {
    byName.get(name);
    return read(Options.none().with(KIND, name).merge(options));
  }

  /** Returns the exception for a file that contains only the name of a class. */
  public UnregisteredException notWritten(String className) {
    return new UnregisteredException(
        "%s is of class %s, which was not registered, so that its options were not written; resume from Java, or register it with %s before training"
            .formatted(noun, className, home));
  }

  private String howToRegister(String name) {
    return "is not registered; call %s.register(\"%s\", ...) first".formatted(home, name);
  }
}
