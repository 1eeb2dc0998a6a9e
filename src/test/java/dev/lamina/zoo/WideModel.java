package dev.lamina.zoo;

import dev.lamina.Golden;
import dev.lamina.Golden.Tensor;
import dev.lamina.layer.Activation;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Flatten;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.layer.Layer;
import dev.lamina.layer.Normalize;
import dev.lamina.layer.Residual;
import dev.lamina.layer.Sequential;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The network of the wide golden set: conv1 and layer1 of the flagship and its classifier, with so
 * many channels that layer1 trains in Winograd's form. Width, blocks, classes and the size of an
 * image are those of the files.
 */
final class WideModel {
  private static final String WEIGHTS = "wide_model.safetensors";

  private WideModel() {}

  /** The model with the weights of the set, every layer watched. */
  static Model load(Probes probes) {
    Map<String, Tensor> pass = Golden.tensors("wide_forward_backward.safetensors");
    long[] images = Golden.at(pass, "images").shape();
    Network network =
        Network.input((int) images[2], (int) images[3], (int) images[1])
            .then(
                "normalize",
                Normalize.of(
                    doubles(Golden.at(pass, "mean")), doubles(Golden.at(pass, "deviation"))));
    Map<String, Tensor> weights = Golden.tensors(WEIGHTS);
    int width = (int) Golden.at(weights, "conv1.0.weight").shape()[0];
    int classes = (int) Golden.at(weights, "classifier.2.weight").shape()[0];
    Sequential blocks = Sequential.of();
    for (int i = 0; weights.containsKey("layer1." + i + ".main.0.weight"); i++) {
      blocks =
          blocks.then(
              probes.watch(
                  Residual.of(
                      probes.watch(
                          Conv2d.of(width, 3),
                          BatchNorm.create(),
                          Activation.RELU,
                          Conv2d.of(width, 3),
                          BatchNorm.create()))));
    }
    Layer[] first = probes.watch(Conv2d.of(width, 3), BatchNorm.create(), Activation.RELU);
    Layer[] last = probes.watch(GlobalAveragePool.create(), Flatten.create(), Dense.of(classes));
    Model model =
        Model.of(
            network
                .then("conv1", Sequential.of(first))
                .then("layer1", blocks)
                .then("classifier", Sequential.of(last)),
            0);
    model.loadWeights(Golden.file(WEIGHTS));
    return model;
  }

  /** Activations [N, channels, height, width] moved to [N, height, width, channels]. */
  static float[] channelsLast(Tensor tensor) {
    float[] values = tensor.floats();
    long[] shape = tensor.shape();
    if (shape.length != 4) {
      return values;
    }
    int channels = (int) shape[1];
    int area = (int) (shape[2] * shape[3]);
    float[] moved = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      int image = i / (channels * area);
      int channel = i / area % channels;
      moved[(image * area + i % area) * channels + channel] = values[i];
    }
    return moved;
  }

  private static double[] doubles(Tensor tensor) {
    float[] floats = tensor.floats();
    return IntStream.range(0, floats.length).mapToDouble(i -> floats[i]).toArray();
  }
}
