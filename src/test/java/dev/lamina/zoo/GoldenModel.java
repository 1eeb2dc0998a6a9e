package dev.lamina.zoo;

import dev.lamina.Golden;
import dev.lamina.Golden.Tensor;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Variable;
import dev.lamina.model.Model;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** The network of the golden files and what is needed to compare with it. */
public final class GoldenModel {
  private GoldenModel() {}

  /**
   * The model with the weights of {@code model.safetensors}, for the images of another golden file.
   */
  public static Model load(Tensor images) {
    long[] shape = images.shape();
    int width = Integer.parseInt(Golden.metadata("model.safetensors").getOrDefault("width", "?"));
    long classes = Golden.at(Golden.tensors("model.safetensors"), "classifier.2.weight").shape()[0];
    Model model =
        ResNetCifar.builder()
            .width(width)
            .classes((int) classes)
            .imageSize((int) shape[shape.length - 2], (int) shape[shape.length - 1])
            .build();
    model.loadWeights(Golden.file("model.safetensors"));
    return model;
  }

  /** Images [..., 3, H, W] as a set. */
  public static ImageSet images(Tensor images, long[] labels, int classes) {
    long[] shape = images.shape();
    int height = (int) shape[shape.length - 2];
    int width = (int) shape[shape.length - 1];
    int channels = (int) shape[shape.length - 3];
    byte[] planar = images.bytes();
    byte[] pixels = new byte[planar.length];
    int area = height * width;
    for (int i = 0; i < planar.length / (channels * area); i++) {
      for (int c = 0; c < channels; c++) {
        for (int p = 0; p < area; p++) {
          pixels[(i * area + p) * channels + c] = planar[(i * channels + c) * area + p];
        }
      }
    }
    return ImageSet.of(
        height,
        width,
        channels,
        pixels,
        IntStream.range(0, labels.length).map(i -> (int) labels[i]).toArray(),
        IntStream.range(0, classes).mapToObj(Integer::toString).toList());
  }

  /** Values in PyTorch's layout moved to TensorFlow's, by a plain loop. */
  public static float[] toTensorFlow(float[] values, long[] torchShape) {
    if (torchShape.length == 2) {
      int out = (int) torchShape[0];
      int in = (int) torchShape[1];
      float[] moved = new float[values.length];
      for (int o = 0; o < out; o++) {
        for (int i = 0; i < in; i++) {
          moved[i * out + o] = values[o * in + i];
        }
      }
      return moved;
    }
    if (torchShape.length == 4) {
      int out = (int) torchShape[0];
      int in = (int) torchShape[1];
      int height = (int) torchShape[2];
      int width = (int) torchShape[3];
      float[] moved = new float[values.length];
      for (int o = 0; o < out; o++) {
        for (int i = 0; i < in; i++) {
          for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
              moved[((y * width + x) * in + i) * out + o] =
                  values[((o * in + i) * height + y) * width + x];
            }
          }
        }
      }
      return moved;
    }
    return values;
  }

  /** The model's values by name, in TensorFlow's layout. */
  public static Map<String, float[]> values(Model model) {
    Map<String, float[]> values = new LinkedHashMap<>();
    List<Variable> variables = model.variables();
    model.session().read(variables).forEach((variable, v) -> values.put(variable.name(), v));
    return values;
  }

  /** The norm of a difference. */
  public static double distance(float[] a, float[] b) {
    if (a.length != b.length) {
      throw new IllegalArgumentException("lengths differ: " + a.length + " and " + b.length);
    }
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      double difference = (double) a[i] - b[i];
      sum += difference * difference;
    }
    return Math.sqrt(sum);
  }

  /** The norm. */
  public static double norm(float[] a) {
    return distance(a, new float[a.length]);
  }
}
