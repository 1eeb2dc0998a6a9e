package dev.lamina.distributed;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lamina.benchmark.StepProfile;
import dev.lamina.benchmark.StepProfile.TimedOp;
import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Device;
import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Precision;
import dev.lamina.model.Model;
import dev.lamina.optimizer.MomentumOptimizer;
import dev.lamina.schedule.Constant;
import dev.lamina.step.TrainStep;
import dev.lamina.train.Trainer;
import dev.lamina.zoo.Zoo;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Takes steps of {@code resnet-cifar}, as one of several workers or alone, and tells how long they
 * take; {@code tools/distributed/run} starts it. Each line of the input is one of
 *
 * <pre>
 * step N        N steps: their seconds
 * trace N       N steps: of each its seconds, those without any operation but the exchange's, and its collectives
 * sum BYTES N   N sums of so many bytes over all workers: their seconds
 * </pre>
 *
 * <p>and is answered with a line of JSON.
 */
final class StepCost implements AutoCloseable {
  private static final JsonMapper JSON = new JsonMapper();

  /** What belongs to the exchange, by the scopes of its operations. */
  private static final String EXCHANGE = "(exchange|agreement|share)(_\\d+)?/.*";

  private final Model model;
  private final TrainStep step;
  private final int[] batch;
  private final GraphSession sums;
  private final Map<Long, Operand<TFloat32>> sumOfBytes = new HashMap<>();
  private long steps;

  private StepCost(int width, int batchSize, int parts, List<Long> bytes) {
    ImageSet images = ImageData.embedded().train();
    batch = IntStream.range(0, batchSize).toArray();
    model = Zoo.get("resnet-cifar").width(width).build();
    step =
        Trainer.builder()
            .optimizer(MomentumOptimizer.of(0.9))
            .schedule(Constant.of(1e-3))
            .batchSize(batchSize)
            .accumulate(parts)
            .precision(Precision.FLOAT32)
            .build()
            .step(model, images);
    Optional<Cluster> cluster = Cluster.joined();
    sums = new GraphSession(Device.auto(), cluster);
    cluster.ifPresent(joined -> bytes.forEach(size -> sumOfBytes.put(size, sum(joined, size))));
  }

  private Operand<TFloat32> sum(Cluster cluster, long bytes) {
    Ops tf = sums.ops();
    // A timestamp: constant folding would compute the values of a constant beforehand.
    Operand<TFloat32> value = tf.dtypes.cast(tf.timestamp(), TFloat32.class);
    return cluster.sum(tf, tf.fill(tf.constant(new long[] {bytes / Float.BYTES}), value));
  }

  /** The width, the images of a batch, its micro-batches, and the sizes of sums. */
  public static void main(String[] args) throws IOException {
    Workers.fromEnvironment(System.getenv()).ifPresent(Cluster::join);
    List<Long> bytes = List.of(args).subList(3, args.length).stream().map(Long::valueOf).toList();
    try (StepCost cost = new StepCost(number(args[0]), number(args[1]), number(args[2]), bytes);
        BufferedReader in =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      System.out.println("{\"ready\":true}");
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        System.out.println(cost.answer(line.split(" ", -1)));
      }
    }
    System.exit(0);
  }

  private static int number(String text) {
    return Integer.parseInt(text);
  }

  private ArrayNode answer(String[] words) {
    ArrayNode answers = JSON.createArrayNode();
    for (int i = 0; i < number(words[words.length - 1]); i++) {
      long start = System.nanoTime();
      switch (words[0]) {
        case "step" -> step.run(batch, steps++, 1e-3, 0.9);
        case "trace" -> answers.add(profile(StepProfile.of(step.trace(batch, steps++, 1e-3, 0.9))));
        case "sum" -> {
          Operand<TFloat32> sum = sumOfBytes.get(Long.valueOf(words[1]));
          sums.run(runner -> runner.addTarget(sum)).close();
        }
        default -> throw new IllegalArgumentException(words[0]);
      }
      if (!words[0].equals("trace")) {
        answers.add((System.nanoTime() - start) / 1e9);
      }
    }
    return answers;
  }

  private static ObjectNode profile(StepProfile profile) {
    ObjectNode node = JSON.createObjectNode().put("seconds", profile.nanos() / 1e9);
    ArrayNode collectives = node.putArray("collectives");
    long busyUntil = 0;
    long idle = 0;
    for (TimedOp op : profile.work()) { // By their start.
      if (op.type().equals("CollectiveReduceV2")) {
        collectives
            .addObject()
            .put("name", op.name())
            .put("bytes", op.bytes())
            .put("start", op.start() / 1e9)
            .put("seconds", op.nanos() / 1e9);
      } else if (!op.name().matches(EXCHANGE)) {
        idle += Math.max(0, op.start() - busyUntil);
        busyUntil = Math.max(busyUntil, op.start() + op.nanos());
      }
    }
    return node.put("waiting", (idle + Math.max(0, profile.nanos() - busyUntil)) / 1e9);
  }

  @Override
  public void close() {
    sums.close();
    step.close();
    model.close();
  }
}
