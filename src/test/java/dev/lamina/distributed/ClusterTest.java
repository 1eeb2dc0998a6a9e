package dev.lamina.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.distributed.WorkerProcess.Norms;
import dev.lamina.model.Model;
import dev.lamina.model.Weights;
import dev.lamina.train.Checkpoints;
import dev.lamina.train.History;
import dev.lamina.train.Trainer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two processes that train together, against one that trains alone. */
class ClusterTest {
  @TempDir private Path folder;

  @Test
  void twoWorkers_takeTheStepsOfOneProcess() throws Exception {
    List<String> said =
        WorkerProcess.start(
            2,
            folder,
            Norms.NONE,
            Norms.NONE_ONE_PARAMETER,
            Norms.NONE_BFLOAT16,
            Norms.OF_SHARES,
            Norms.SYNCHRONIZED,
            Norms.ZOO_SYNCHRONIZED,
            WorkerProcess.TELL);
    assertThat(folder.resolve("ZOO_SYNCHRONIZED.safetensors")).as(said.toString()).exists();
    assertClose(read(Norms.OF_SHARES), Shards.train(Norms.OF_SHARES, 2), 1e-6);
    for (Norms norms : List.of(Norms.SYNCHRONIZED, Norms.ZOO_SYNCHRONIZED)) {
      try (Model model = Model.of(WorkerProcess.network(norms), WorkerProcess.SEED)) {
        fit(model, norms);
        assertClose(read(norms), model.weights(), 1e-5);
      }
    }
    assertThat(
            Shards.difference(
                read(Norms.ZOO_SYNCHRONIZED), Shards.train(Norms.ZOO_SYNCHRONIZED, 2)))
        .as("beside batch norms of each share")
        .isGreaterThan(1e-3);
    try (Model model =
        Model.of(WorkerProcess.network(Norms.NONE_ONE_PARAMETER), WorkerProcess.SEED)) {
      fit(model, Norms.NONE_ONE_PARAMETER);
      assertClose(read(Norms.NONE_ONE_PARAMETER), model.weights(), 1e-6);
    }
    try (Model model = Model.of(WorkerProcess.network(Norms.NONE_BFLOAT16), WorkerProcess.SEED)) {
      fit(model, Norms.NONE_BFLOAT16);
      // Each worker rounds the gradients of its share to 8 bits.
      assertClose(read(Norms.NONE_BFLOAT16), model.weights(), 1e-2);
      assertThat(Shards.difference(read(Norms.NONE_BFLOAT16), read(Norms.NONE)))
          .isGreaterThan(1e-5);
    }
    try (Model model = Model.of(WorkerProcess.network(Norms.NONE), WorkerProcess.SEED)) {
      History history = fit(model, Norms.NONE);
      assertClose(read(Norms.NONE), model.weights(), 1e-6);
      // The sums over the workers: as many images, and as many of them recognised.
      assertThat(said.get(0))
          .contains("images=" + WorkerProcess.IMAGES)
          .contains(history.last().training().values().toString());
    }
    assertThat(said.get(1)).doesNotContain("images=");
    assertThat(said.get(0))
        .contains("gradients of 32 images known\n", "gradients of 1 images none\n")
        .contains("statistics known\n")
        .doesNotContain("images NaN", "statistics NaN");
    // Ten steps are the two epochs until nothing improves.
    assertThat(said)
        .allSatisfy(each -> assertThat(each).contains("stopped after 10\n", "resumed after 0\n"));
    assertRefusals(said);
    assertThat(said.get(0))
        .containsPattern(
            "DEBUG dev.lamina.step.SlowWorkers - median seconds of the workers' shares in 20 steps:"
                + " \\[(?!0\\.0,)\\d[^,]+, (?!0\\.0\\])\\d[^,]+\\]")
        .contains("lost worker 0 lost another one: rank 1 of 2 workers ended");
    assertContinuesAlone();
  }

  private void assertRefusals(List<String> said) {
    for (String each : said) {
      assertThat(each)
          .containsPattern(
              "refused schedule must be the same on all workers, is .*0\\.05.* on rank 0 and .*0\\.06.* on"
                  + " rank 1; start all with the same command, images and run folder\n")
          .containsPattern("refused images must be the same on all workers, is .* on rank 0 and ")
          .contains("refused workers must be at most the 1 training images, got 2\n")
          .contains("refused Swa must not be used by several workers; train with one\n")
          .contains(
              ("refused rank 1 does not see in %s what rank 0 writes to its run folder; give all the same"
                      + " folder, on a file system that all machines share\n")
                  .formatted(folder.resolve("run1")))
          .contains(
              "refused Checkpoints must be among the callbacks of all workers, rank 1 has none; give all the same,"
                  + " of which worker 0 alone writes\n");
    }
    assertThat(folder.resolve("run0")).isEmptyDirectory();
    // A launcher starts the workers again, in a folder that is as good as new.
    assertThat(folder.resolve("refused")).isEmptyDirectory();
  }

  /** What two workers began, one process ends, as if it had begun it. */
  private void assertContinuesAlone() {
    Path lost = folder.resolve("lost");
    assertThat(Checkpoints.newest(lost).orElseThrow().step()).isEqualTo(3);
    try (Model resumed = Model.of(WorkerProcess.network(Norms.NONE), WorkerProcess.SEED);
        Model alone = Model.of(WorkerProcess.network(Norms.NONE), WorkerProcess.SEED)) {
      Trainer trainer = WorkerProcess.trainer(Norms.NONE);
      trainer.resume(lost, resumed, WorkerProcess.images());
      trainer.fit(alone, WorkerProcess.images());
      assertClose(resumed.weights(), alone.weights(), 1e-6);
    }
  }

  private static History fit(Model model, Norms norms) {
    return WorkerProcess.trainer(norms)
        .fit(model, WorkerProcess.images(), WorkerProcess.validation());
  }

  private Weights read(Norms norms) {
    try (Model model = Model.of(WorkerProcess.network(norms))) {
      model.loadWeights(folder.resolve(norms + ".safetensors"));
      return model.weights();
    }
  }

  private static void assertClose(Weights actual, Weights expected, double tolerance) {
    assertThat(Shards.difference(actual, expected)).isLessThan(tolerance);
  }
}
