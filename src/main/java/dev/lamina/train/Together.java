package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import dev.lamina.data.ImageSet;
import dev.lamina.distributed.Cluster;
import dev.lamina.io.AtomicFiles;
import dev.lamina.io.LaminaException;
import dev.lamina.layer.BatchNorm;
import dev.lamina.layer.Layers;
import dev.lamina.model.Model;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a run among several workers does differently from one of a single process. */
final class Together {
  private static final Logger LOG = LoggerFactory.getLogger(Together.class);

  private Together() {}

  /** Checks that every worker gets a share of each batch, and has and sees the checkpoints. */
  static void check(
      Cluster cluster, Recipe recipe, ImageSet train, Optional<Checkpoints> checkpoints) {
    checkArgument(
        train.size() >= cluster.size(),
        "workers must be at most the %s training images, got %s",
        train.size(),
        cluster.size());
    checkArgument(
        recipe.batchSize() >= cluster.size(),
        "batchSize must be at least the number of workers, of which each takes its share of a batch,"
            + " got %s for %s workers",
        recipe.batchSize(),
        cluster.size());
    int most = Math.min(recipe.batchSize(), train.size()) / cluster.size();
    if (recipe.accumulate() > most) {
      LOG.warn(
          "some of {} workers have no images in the {} parts of a batch, and wait; use accumulate {} at most",
          cluster.size(),
          recipe.accumulate(),
          most);
    }
    LOG.debug(
        "worker {} of {}: its share of every batch of {}; the learning rate is that of the whole batch",
        cluster.rank(),
        cluster.size(),
        recipe.batchSize());
    List<String> have = cluster.exchange(Boolean.toString(checkpoints.isPresent()));
    checkArgument(
        Set.copyOf(have).size() == 1,
        "Checkpoints must be among the callbacks of all workers, rank %s has none; give all the same, of"
            + " which worker 0 alone writes",
        have.indexOf("false"));
    checkpoints.ifPresent(written -> checkSee(cluster, written.run()));
  }

  /**
   * Checks that all workers see the folder that worker 0 writes checkpoints to: it leaves a file
   * there until all have looked for it.
   *
   * @throws LaminaException on all workers if one does not see it
   */
  private static void checkSee(Cluster cluster, Path run) {
    // The name of a temporary file: if this process is killed, the next run deletes it.
    String name = ".seen-by-workers." + UUID.randomUUID() + ".tmp";
    Path written = run.resolve(name);
    List<String> seen;
    try {
      if (cluster.isFirst()) {
        AtomicFiles.write(written, new byte[0]);
      }
      Path file = run.resolve(cluster.exchange(name).get(0));
      seen = cluster.exchange(Files.exists(file) ? "" : run.toString());
    } finally {
      CheckpointFolder.delete(written);
    }
    for (int rank = 0; rank < seen.size(); rank++) {
      if (!seen.get(rank).isEmpty()) {
        throw new LaminaException(
            ("rank %s does not see in %s what rank 0 writes to its run folder; give all the same"
                    + " folder, on a file system that all machines share")
                .formatted(rank, seen.get(rank)));
      }
    }
  }

  /** Returns the callbacks of this worker. */
  static List<Callback> callbacks(Optional<Cluster> cluster, List<Callback> all) {
    boolean first = cluster.map(Cluster::isFirst).orElse(true);
    return all.stream().filter(callback -> first || callback.onEveryWorker()).toList();
  }

  /** Returns whether the forward pass of a step waits for the other workers. */
  static boolean synchronizesBatchNorms(Recipe recipe, Model model) {
    return model.session().cluster().isPresent()
        && Layers.nodes(model.network().body(), model.network().inputShape()).stream()
            .anyMatch(
                node ->
                    node.layer() instanceof BatchNorm norm
                        && (recipe.synchronizedBatchNorms() || norm.synchronizedStatistics()));
  }

  /**
   * Checks that all workers start from the same state with the same configuration.
   *
   * @throws dev.lamina.io.LaminaException if one differs
   */
  static void agree(
      Cluster cluster, Map<String, String> configuration, Optional<Checkpoint> from, Model model) {
    Map<String, String> metadata = new LinkedHashMap<>(configuration);
    metadata.put("checkpoint", from.map(found -> "step " + found.step()).orElse("none"));
    metadata.put("weights", hash(model));
    cluster.agree(metadata);
  }

  private static String hash(Model model) {
    Hasher hasher = Hashing.murmur3_128().newHasher();
    for (float[] values : model.weights().asMap().values()) {
      for (float value : values) {
        hasher.putFloat(value);
      }
    }
    return hasher.hash().toString();
  }
}
