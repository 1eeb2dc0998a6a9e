package dev.lamina.format;

import dev.lamina.graph.Context;
import dev.lamina.graph.Parameter;
import dev.lamina.layer.Concat;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.Layer;
import dev.lamina.layer.Sequential;
import dev.lamina.network.Network;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.ndarray.Shape;

/**
 * Where PyTorch has the features of a flattened image: {@link Flatten} goes through [height, width,
 * channels], PyTorch through [channels, height, width]. The rows of the next dense kernel follow
 * that order, and so do the parameters of batch norms between them.
 */
final class FlattenOrder {
  /**
   * A part of a vector: an image that was flattened.
   *
   * @param area the number of its pixels; of 1 the order is the same everywhere
   * @param channels the number of its channels
   */
  private record Part(long area, long channels) {}

  /** The parts of the first dimension of those parameters that have another order in PyTorch. */
  private final Map<String, List<Part>> parameters = new LinkedHashMap<>();

  private FlattenOrder() {}

  /** Returns the order in a network; none if it flattens no image of several pixels. */
  static FlattenOrder of(Network network) {
    FlattenOrder order = new FlattenOrder();
    order.walk("", network.body(), network.inputShape(), List.of());
    return order;
  }

  boolean isNone() {
    return parameters.isEmpty();
  }

  /** Returns values in TensorFlow's layout with the features in PyTorch's order. */
  float[] toTorch(String name, float[] values) {
    return reorder(name, values, true);
  }

  /** Returns values in TensorFlow's layout with the features in the order of this library. */
  float[] fromTorch(String name, float[] values) {
    return reorder(name, values, false);
  }

  private float[] reorder(String name, float[] values, boolean toTorch) {
    List<Part> parts = parameters.getOrDefault(name, List.of());
    if (parts.isEmpty()) {
      return values;
    }
    int row = (int) (values.length / size(parts));
    float[] copy = new float[values.length];
    int start = 0;
    for (Part part : parts) {
      int area = (int) part.area();
      int channels = (int) part.channels();
      for (int i = 0; i < area * channels; i++) {
        int here = (start + i) * row;
        int torch = (start + i % channels * area + i / channels) * row;
        System.arraycopy(values, toTorch ? here : torch, copy, toTorch ? torch : here, row);
      }
      start += area * channels;
    }
    return copy;
  }

  private static long size(List<Part> parts) {
    return parts.stream().mapToLong(part -> part.area() * part.channels()).sum();
  }

  /** Follows a vector through a layer; returns the parts of the output, none if it has no order. */
  private List<Part> walk(String path, Layer layer, Shape input, List<Part> parts) {
    if (layer instanceof Flatten) {
      return input.numDimensions() == 3 ? flattened(input) : parts;
    }
    List<Layer.Child> children = layer.children(input);
    if (children.isEmpty()) {
      return leaf(path, layer, input, parts);
    }
    List<List<Part>> ends = new ArrayList<>();
    List<Part> next = parts;
    for (Layer.Child child : children) {
      next = walk(Context.join(path, child.name()), child.layer(), child.input(), next);
      ends.add(next);
      next = layer instanceof Sequential ? next : parts;
    }
    if (layer instanceof Sequential) {
      return next;
    }
    if (layer instanceof Concat) {
      return joined(children, ends);
    }
    return ends.stream().distinct().count() == 1 ? ends.get(0) : List.of();
  }

  private List<Part> leaf(String path, Layer layer, Shape input, List<Part> parts) {
    if (parts.isEmpty() || !input.equals(Shape.of(size(parts)))) {
      return List.of();
    }
    List<Parameter> own = layer.parameters(input);
    boolean mixes = own.stream().anyMatch(parameter -> parameter.shape().numDimensions() > 1);
    for (Parameter parameter : own) {
      // The bias of a dense layer belongs to its output.
      if (parameter.shape().numDimensions() == (mixes ? 2 : 1)
          && parameter.shape().get(0) == size(parts)) {
        parameters.put(Context.join(path, parameter.name()), parts);
      }
    }
    return mixes || !layer.outputShape(input).equals(input) ? List.of() : parts;
  }

  private static List<Part> flattened(Shape image) {
    Part part = new Part(image.get(0) * image.get(1), image.get(2));
    return part.area() == 1 || part.channels() == 1 ? List.of() : List.of(part);
  }

  /** Returns the parts of vectors one behind the other. */
  private static List<Part> joined(List<Layer.Child> children, List<List<Part>> ends) {
    if (ends.stream().allMatch(List::isEmpty)) {
      return List.of();
    }
    List<Part> parts = new ArrayList<>();
    for (int i = 0; i < ends.size(); i++) {
      Layer.Child child = children.get(i);
      long size = child.layer().outputShape(child.input()).size();
      parts.addAll(ends.get(i).isEmpty() ? List.of(new Part(1, size)) : ends.get(i));
    }
    return parts;
  }
}
