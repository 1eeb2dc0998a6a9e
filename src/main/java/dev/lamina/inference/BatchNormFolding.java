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
import dev.lamina.network.Servable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

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
  private final Map<String, float[]> weights;

  private BatchNormFolding(Map<String, float[]> weights) {
    this.weights = new LinkedHashMap<>(weights);
  }

  /** Returns a classifier that computes the same function in inference with fewer layers. */
  public static Servable fold(Servable servable) {
    BatchNormFolding folding = new BatchNormFolding(servable.weights());
    Sequential body = folding.foldSequence("", servable.network().body());
    return new Servable(
        servable.network().withBody(body),
        folding.weights,
        servable.classNames(),
        servable.preprocessing(),
        servable.metadata());
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
        foldInto(Context.join(path, previous.name()), full, norm.epsilon());
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

  private void foldInto(String layer, String norm, double epsilon) {
    float[] kernel = remove(layer + ".weight");
    float[] gamma = remove(norm + ".weight");
    float[] beta = remove(norm + ".bias");
    float[] mean = remove(norm + ".running_mean");
    float[] variance = remove(norm + ".running_var");
    float[] bias = weights.get(layer + ".bias");
    int channels = gamma.length;
    double[] scale = new double[channels];
    float[] newBias = new float[channels];
    for (int i = 0; i < channels; i++) {
      scale[i] = gamma[i] / Math.sqrt(variance[i] + epsilon);
      newBias[i] = (float) (((bias == null ? 0 : bias[i]) - mean[i]) * scale[i] + beta[i]);
    }
    // The output channel is the last dimension of both kinds of kernel.
    float[] newKernel = new float[kernel.length];
    for (int i = 0; i < kernel.length; i++) {
      newKernel[i] = (float) (kernel[i] * scale[i % channels]);
    }
    weights.put(layer + ".weight", newKernel);
    weights.put(layer + ".bias", newBias);
  }

  private float[] remove(String name) {
    float[] values = weights.remove(name);
    return Objects.requireNonNull(values, name);
  }
}
