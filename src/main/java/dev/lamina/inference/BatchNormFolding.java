package dev.lamina.inference;

import dev.lamina.graph.Context;
import dev.lamina.layer.Add;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Concat;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Layer;
import dev.lamina.layer.Residual;
import dev.lamina.layer.Sequential;
import dev.lamina.layer.Sequential.Named;
import dev.lamina.network.Network;
import dev.lamina.network.Servable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Folds batch norms into the weights of a convolution or dense layer directly before them (Jacob et
 * al., arXiv 1712.05877, section 3.2). In inference the result is equal up to rounding:
 *
 * <pre>
 * scale   = norm.weight / sqrt(running_var + epsilon)
 * weight' = weight * scale
 * bias'   = (bias - running_mean) * scale + norm.bias
 * </pre>
 *
 * An empty {@link Sequential} replaces the batch norm, so that the other layers keep their names.
 */
public final class BatchNormFolding {
  /**
   * A batch norm that is folded.
   *
   * @param layer the full name of the layer that it is folded into
   * @param norm the full name of the batch norm
   * @param epsilon its epsilon
   */
  private record Fold(String layer, String norm, double epsilon) {
    /** Returns the full name of a parameter of the layer. */
    String layer(String parameter) {
      return Context.join(layer, parameter);
    }

    /** Returns the full name of a parameter of the batch norm. */
    String norm(String parameter) {
      return Context.join(norm, parameter);
    }
  }

  private final Network network;
  private final List<Fold> folds = new ArrayList<>();

  private BatchNormFolding(Network unfolded) {
    network = unfolded.withBody(foldSequence("", unfolded.body()));
  }

  /** Finds the batch norms of a network that can be folded. */
  static BatchNormFolding of(Network network) {
    return new BatchNormFolding(network);
  }

  /** Returns a classifier that computes the same function in inference with fewer layers. */
  public static Servable fold(Servable servable) {
    BatchNormFolding folding = of(servable.network());
    Map<String, float[]> weights = new LinkedHashMap<>(servable.weights());
    folding.folds.forEach(fold -> fold(fold, weights));
    return new Servable(
        folding.network,
        weights,
        servable.classNames(),
        servable.preprocessing(),
        servable.metadata());
  }

  /** Returns the network without the batch norms that are folded. */
  Network network() {
    return network;
  }

  /**
   * Returns the parameters of {@link #network} as values in a graph.
   *
   * @param values the parameters of the unfolded network
   */
  Map<String, Operand<TFloat32>> fold(Ops tf, Map<String, Operand<TFloat32>> values) {
    Map<String, Operand<TFloat32>> folded = new LinkedHashMap<>(values);
    for (Fold fold : folds) {
      Operand<TFloat32> variance = remove(folded, fold.norm("running_var"));
      Operand<TFloat32> scale =
          tf.math.div(
              remove(folded, fold.norm("weight")),
              tf.math.sqrt(tf.math.add(variance, tf.constant((float) fold.epsilon))));
      Operand<TFloat32> mean = remove(folded, fold.norm("running_mean"));
      Operand<TFloat32> bias = folded.get(fold.layer("bias"));
      Operand<TFloat32> centred = bias == null ? tf.math.neg(mean) : tf.math.sub(bias, mean);
      // The output channel is the last dimension of both kinds of kernel.
      folded.put(fold.layer("weight"), tf.math.mul(remove(folded, fold.layer("weight")), scale));
      folded.put(
          fold.layer("bias"),
          tf.math.add(tf.math.mul(centred, scale), remove(folded, fold.norm("bias"))));
    }
    return folded;
  }

  private Layer fold(String path, Layer layer) {
    if (layer instanceof Sequential sequential) {
      return foldSequence(path, sequential);
    }
    if (layer instanceof Residual residual) {
      return residual.paths(
          foldSequence(Context.join(path, residual.mainName()), residual.main()),
          foldSequence(Context.join(path, residual.shortcutName()), residual.shortcut()));
    }
    if (layer instanceof Add add) {
      return new Add(foldBranches(path, add.branches()));
    }
    if (layer instanceof Concat concat) {
      return new Concat(foldBranches(path, concat.branches()));
    }
    return layer;
  }

  private List<Layer> foldBranches(String path, List<Layer> branches) {
    List<Layer> folded = new ArrayList<>();
    for (Layer branch : branches) {
      folded.add(fold(Context.join(path, Integer.toString(folded.size())), branch));
    }
    return folded;
  }

  private Sequential foldSequence(String path, Sequential sequential) {
    List<Named> folded = new ArrayList<>();
    for (Named named : sequential.layers()) {
      String full = Context.join(path, named.name());
      Named previous = folded.isEmpty() ? null : folded.get(folded.size() - 1);
      if (previous != null
          && named.layer() instanceof BatchNorm norm
          && (previous.layer() instanceof Conv2d || previous.layer() instanceof Dense)) {
        folds.add(new Fold(Context.join(path, previous.name()), full, norm.epsilon()));
        folded.set(folded.size() - 1, new Named(previous.name(), withBias(previous.layer())));
        folded.add(new Named(named.name(), Sequential.of()));
      } else {
        folded.add(new Named(named.name(), fold(full, named.layer())));
      }
    }
    return new Sequential(folded);
  }

  private static Layer withBias(Layer layer) {
    return layer instanceof Conv2d conv ? conv.bias(true) : ((Dense) layer).bias(true);
  }

  private static void fold(Fold fold, Map<String, float[]> weights) {
    float[] kernel = remove(weights, fold.layer("weight"));
    float[] gamma = remove(weights, fold.norm("weight"));
    float[] beta = remove(weights, fold.norm("bias"));
    float[] mean = remove(weights, fold.norm("running_mean"));
    float[] variance = remove(weights, fold.norm("running_var"));
    float[] bias = weights.get(fold.layer("bias"));
    int channels = gamma.length;
    double[] scale = new double[channels];
    float[] newBias = new float[channels];
    for (int i = 0; i < channels; i++) {
      scale[i] = gamma[i] / Math.sqrt(variance[i] + fold.epsilon);
      newBias[i] = (float) (((bias == null ? 0 : bias[i]) - mean[i]) * scale[i] + beta[i]);
    }
    // The output channel is the last dimension of both kinds of kernel.
    float[] newKernel = new float[kernel.length];
    for (int i = 0; i < kernel.length; i++) {
      newKernel[i] = (float) (kernel[i] * scale[i % channels]);
    }
    weights.put(fold.layer("weight"), newKernel);
    weights.put(fold.layer("bias"), newBias);
  }

  private static <T> T remove(Map<String, T> values, String name) {
    return Objects.requireNonNull(values.remove(name), name);
  }
}
