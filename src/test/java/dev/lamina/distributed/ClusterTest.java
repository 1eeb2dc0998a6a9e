package dev.lamina.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.data.Shuffled;
import dev.lamina.distributed.WorkerProcess.Norms;
import dev.lamina.io.HeldPort;
import dev.lamina.model.Model;
import dev.lamina.model.Weights;
import dev.lamina.pipeline.BatchOrder;
import dev.lamina.step.TrainStep;
import dev.lamina.torture.JavaProcess;
import dev.lamina.train.History;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two processes that train together, against one that trains alone. */
class ClusterTest {
  @TempDir private Path folder;

  /** Starts {@link WorkerProcess} as two workers, and returns what each has printed. */
  private List<String> twoWorkers() throws IOException, InterruptedException {
    try (HeldPort port = new HeldPort()) {
      return twoWorkers(Integer.toString(port.number()));
    }
  }

  private List<String> twoWorkers(String port) throws IOException, InterruptedException {
    List<Process> processes = new ArrayList<>();
    for (int rank = 0; rank < 2; rank++) {
      ProcessBuilder builder =
          JavaProcess.of(WorkerProcess.class, folder).redirectErrorStream(true);
      builder
          .environment()
          .putAll(
              Map.of(
                  "RANK", Integer.toString(rank),
                  "WORLD_SIZE", "2",
                  "MASTER_ADDR", "127.0.0.1",
                  "MASTER_PORT", port,
                  "LAMINA_WORKER_TIMEOUT", "900"));
      processes.add(builder.start());
    }
    List<String> said = new ArrayList<>();
    for (Process process : processes) {
      said.add(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
      process.waitFor();
    }
    return said;
  }

  @Test
  void twoWorkers_takeTheStepsOfOneProcess() throws Exception {
    List<String> said = twoWorkers();
    assertThat(folder.resolve("SYNCHRONIZED.safetensors")).as(said.toString()).exists();
    assertClose(read(Norms.OF_SHARES), twoShards(), 1e-6);
    try (Model model = Model.of(WorkerProcess.network(Norms.SYNCHRONIZED), WorkerProcess.SEED)) {
      fit(model, Norms.SYNCHRONIZED);
      assertClose(read(Norms.SYNCHRONIZED), model.weights(), 1e-5);
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
    assertThat(said.get(0)).contains("lost worker 0 lost another one: rank 1 of 2 workers ended");
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

  /**
   * Each step is taken with either half of the batch from the same weights. Without momentum the
   * mean of the two results is the step with the mean of the gradients, and the running statistics
   * are the mean of those of the halves.
   */
  private static Weights twoShards() {
    try (Model model = Model.of(WorkerProcess.network(Norms.OF_SHARES), WorkerProcess.SEED);
        TrainStep step =
            WorkerProcess.trainer(Norms.OF_SHARES).step(model, WorkerProcess.images())) {
      BatchOrder order =
          new BatchOrder(WorkerProcess.images(), Shuffled.create(), WorkerProcess.BATCH, false, 0);
      for (int i = 0; i < 4 * order.stepsPerEpoch(); i++) {
        int[] batch = order.batch(i);
        Weights before = model.weights();
        int half = batch.length / 2;
        Weights first = half == 0 ? before : after(step, model, Arrays.copyOf(batch, half), i);
        model.assign(before);
        Weights second = after(step, model, Arrays.copyOfRange(batch, half, batch.length), i);
        model.assign(mean(first, second, (double) half / batch.length));
      }
      return model.weights();
    }
  }

  private static Weights after(TrainStep step, Model model, int[] batch, int number) {
    step.run(batch, number, 0.05, 0);
    return model.weights();
  }

  private static Weights mean(Weights first, Weights second, double share) {
    Map<String, float[]> mean = new LinkedHashMap<>();
    first
        .asMap()
        .forEach(
            (name, values) -> {
              float[] result = new float[values.length];
              for (int i = 0; i < result.length; i++) {
                result[i] = (float) (share * values[i] + (1 - share) * second.get(name)[i]);
              }
              mean.put(name, result);
            });
    return Weights.of(mean);
  }

  private static void assertClose(Weights actual, Weights expected, double tolerance) {
    expected
        .asMap()
        .forEach(
            (name, values) -> {
              double worst = 0;
              for (int i = 0; i < values.length; i++) {
                worst = Math.max(worst, Math.abs(values[i] - actual.get(name)[i]));
              }
              assertThat(worst).as("difference of " + name).isLessThan(tolerance);
            });
  }
}
