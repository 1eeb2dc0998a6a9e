package dev.lamina.step;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.augment.BatchAugmentation;
import dev.lamina.graph.Precision;
import dev.lamina.loss.Loss;
import dev.lamina.metric.Metric;
import dev.lamina.optimizer.Optimizer;
import dev.lamina.optimizer.ParameterGroup;
import java.util.List;

/**
 * The options of a training step.
 *
 * @param augmentations random changes of the batch, in order
 * @param imageScale what the sides of the images are multiplied by before the network
 * @param loss the loss to minimise
 * @param metrics the metrics to report beside the loss
 * @param optimizer updates the weights
 * @param groups the parameters with a rate, decay or momentum of their own
 * @param precision the number format of convolutions
 * @param synchronizedBatchNorms whether every batch norm takes the statistics of the whole batch
 * @param frozen the layers that are not trained
 * @param accumulate the number of micro-batches that a batch is computed in, one after another
 * @param seed the seed of all random draws
 * @param stepsPerEpoch the number of steps that pass over the images once
 * @param batchSize the number of images of a batch that is not short
 * @param exchange how contributions of several devices or workers are combined
 * @param afterUpdate operations that run in every step after its update
 */
public record StepOptions(
    List<BatchAugmentation> augmentations,
    double imageScale,
    Loss loss,
    List<Metric> metrics,
    Optimizer optimizer,
    List<ParameterGroup> groups,
    Precision precision,
    boolean synchronizedBatchNorms,
    FrozenLayers frozen,
    int accumulate,
    long seed,
    int stepsPerEpoch,
    int batchSize,
    Exchange exchange,
    List<AfterUpdate> afterUpdate) {
  /** Checks that accumulate and stepsPerEpoch are positive, and copies the lists. */
  public StepOptions {
    checkArgument(accumulate > 0, "accumulate must be positive, got %s", accumulate);
    checkArgument(stepsPerEpoch > 0, "stepsPerEpoch must be positive, got %s", stepsPerEpoch);
    augmentations = List.copyOf(augmentations);
    metrics = List.copyOf(metrics);
    groups = List.copyOf(groups);
    afterUpdate = List.copyOf(afterUpdate);
  }
}
