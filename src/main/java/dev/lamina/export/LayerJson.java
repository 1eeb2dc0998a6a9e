package dev.lamina.export;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Maps;
import com.google.common.collect.Sets;
import com.google.common.primitives.ImmutableDoubleArray;
import dev.lamina.graph.Context;
import dev.lamina.graph.Initializer;
import dev.lamina.layer.Activation;
import dev.lamina.layer.Add;
import dev.lamina.layer.AveragePool;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Concat;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Layer;
import dev.lamina.layer.MaxPool;
import dev.lamina.layer.Normalize;
import dev.lamina.layer.Padding;
import dev.lamina.layer.Rescale;
import dev.lamina.layer.Residual;
import dev.lamina.layer.Sequential;
import dev.lamina.layer.Sequential.Named;
import dev.lamina.layer.ZeroPad;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * The layers that come with Lamina as JSON: the kind, and the components of the record. Initial
 * values are left out, since weights are stored beside them; of layers that are code there is the
 * kind alone, and they cannot be read back.
 */
final class LayerJson {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String KIND = "kind";
  private static final String ACTIVATION = "Activation";
  private static final ImmutableMap<String, Class<? extends Record>> KINDS =
      Maps.uniqueIndex(
          List.of(
              Add.class,
              AveragePool.class,
              BatchNorm.class,
              Concat.class,
              Conv2d.class,
              Dense.class,
              Dropout.class,
              Flatten.class,
              GlobalAveragePool.class,
              MaxPool.class,
              Normalize.class,
              Rescale.class,
              Residual.class,
              Sequential.class,
              ZeroPad.class),
          Class::getSimpleName);

  private LayerJson() {}

  /** The kinds that can be read back. */
  static Set<String> kinds() {
    return Sets.union(KINDS.keySet(), Set.of(ACTIVATION));
  }

  static JsonNode write(Layer layer) {
    if (layer instanceof Activation activation) {
      return JSON.createObjectNode().put(KIND, ACTIVATION).put("function", activation.name());
    }
    boolean known = KINDS.containsValue(layer.getClass());
    ObjectNode node =
        JSON.createObjectNode().put(KIND, known ? layer.getClass().getSimpleName() : layer.kind());
    if (known) {
      components(node, (Record) layer);
    }
    return node;
  }

  private static ObjectNode components(ObjectNode node, Record value) {
    try {
      for (RecordComponent component : value.getClass().getRecordComponents()) {
        if (component.getType() != Initializer.class) {
          node.set(component.getName(), value(component.getAccessor().invoke(value)));
        }
      }
      return node;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static JsonNode value(Object value) {
    if (value instanceof Layer layer) {
      return write(layer);
    }
    if (value instanceof Named named) {
      return components(JSON.createObjectNode(), named);
    }
    if (value instanceof ImmutableDoubleArray numbers) {
      return value(numbers.asList());
    }
    if (value instanceof Collection<?> values) {
      ArrayNode array = JSON.createArrayNode();
      values.forEach(element -> array.add(value(element)));
      return array;
    }
    return JSON.valueToTree(value);
  }

  /**
   * A layer as it was written.
   *
   * @param path the layer's full name, for messages
   * @throws IllegalArgumentException where it is not what {@link #write} gives
   * @throws UnsupportedOperationException where it is a layer of another kind than the built-in
   *     ones
   */
  static Layer read(String path, JsonNode node) {
    String kind = node.path(KIND).asText();
    if (kind.equals(ACTIVATION)) {
      return (Layer) read(path, Activation.class, field(path, node, "function"));
    }
    Class<? extends Record> type = KINDS.get(kind);
    if (type == null) {
      throw new UnsupportedOperationException(
          "%s is of the kind \"%s\", which is code and was not written".formatted(at(path), kind));
    }
    return (Layer) record(path, type, node);
  }

  /** A layer that must be a {@link Sequential}. */
  static Sequential readSequential(String path, JsonNode node) {
    if (read(path, node) instanceof Sequential sequential) {
      return sequential;
    }
    throw wrong(path, Sequential.class, node);
  }

  private static Record record(String path, Class<? extends Record> type, JsonNode node) {
    RecordComponent[] components = type.getRecordComponents();
    Object[] values = new Object[components.length];
    for (int i = 0; i < values.length; i++) {
      String name = components[i].getName();
      values[i] =
          components[i].getType() == Initializer.class
              ? Initializer.fanInUniform()
              : read(
                  // A block's paths have names; a list's elements get theirs below.
                  components[i].getType() == Sequential.class ? Context.join(path, name) : path,
                  components[i].getGenericType(),
                  field(path, node, name));
    }
    try {
      return type.getDeclaredConstructor(
              Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new))
          .newInstance(values);
    } catch (InvocationTargetException e) {
      throw new IllegalArgumentException(
          "%s: %s".formatted(at(path), Objects.requireNonNull(e.getCause()).getMessage()), e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Object read(String path, Type type, JsonNode node) {
    if (type == int.class && node.isInt()) {
      return node.intValue();
    }
    if (type == double.class && node.isNumber()) {
      return node.doubleValue();
    }
    if (type == boolean.class && node.isBoolean()) {
      return node.booleanValue();
    }
    if (type == String.class && node.isTextual()) {
      return node.textValue();
    }
    if (type == Padding.class || type == Activation.class) {
      return constant(path, (Class<?>) type, node);
    }
    if (type == Layer.class) {
      return read(path, node);
    }
    if (type == Sequential.class) {
      return readSequential(path, node);
    }
    if (type == Named.class) {
      String name = field(path, node, "name").asText();
      return record(Context.join(path, name), Named.class, node);
    }
    if (type == ImmutableDoubleArray.class && node.isArray()) {
      ImmutableDoubleArray.Builder numbers = ImmutableDoubleArray.builder();
      node.forEach(element -> numbers.add((double) read(path, double.class, element)));
      return numbers.build();
    }
    if (type instanceof ParameterizedType list && node.isArray()) {
      Type element = list.getActualTypeArguments()[0];
      List<Object> values = new ArrayList<>();
      for (JsonNode child : node) {
        String at =
            element == Layer.class ? Context.join(path, Integer.toString(values.size())) : path;
        values.add(read(at, element, child));
      }
      return values;
    }
    throw wrong(path, type, node);
  }

  private static Object constant(String path, Class<?> type, JsonNode node) {
    return Arrays.stream(type.getEnumConstants())
        .filter(constant -> ((Enum<?>) constant).name().equals(node.textValue()))
        .findFirst()
        .orElseThrow(() -> wrong(path, type, node));
  }

  private static IllegalArgumentException wrong(String path, Type type, JsonNode node) {
    String wanted = type instanceof Class<?> plain ? plain.getSimpleName() : "list";
    String got = node.toString();
    return new IllegalArgumentException(
        "%s must hold a value of type %s, got %s"
            .formatted(
                at(path), wanted, got.length() <= 100 ? got : got.substring(0, 100) + "..."));
  }

  private static JsonNode field(String path, JsonNode node, String name) {
    JsonNode value = node.path(name);
    checkArgument(!value.isMissingNode(), "%s lacks \"%s\"", at(path), name);
    return value;
  }

  private static String at(String path) {
    return path.isEmpty() ? "body" : "layer \"" + path + "\"";
  }
}
