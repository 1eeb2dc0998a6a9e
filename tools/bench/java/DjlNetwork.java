import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** ResNetCifar from DJL's blocks, and its blocks by PyTorch's names. */
final class DjlNetwork {
  private static final Shape TWO = new Shape(2, 2);

  private final Map<String, Block> named = new LinkedHashMap<>();
  private final SequentialBlock body;

  DjlNetwork(int width, int classes) {
    body =
        new SequentialBlock()
            .add(conv("conv1.0", width, 3))
            .add(norm("conv1.1"))
            .add(Activation.reluBlock())
            .add(residual("layer1.0", width, width))
            .add(residual("layer1.1", width, width));
    stage("layer2", width);
    stage("layer3", 2 * width);
    stage("layer4", 4 * width);
    body.add(Pool.globalAvgPool2dBlock())
        .add(Blocks.batchFlattenBlock())
        .add(name("classifier.2", Linear.builder().setUnits(classes).build()));
  }

  Block body() {
    return body;
  }

  /** Takes the values of every parameter from a safetensors file in PyTorch's names. */
  void load(NDManager manager, Path file) throws IOException {
    Map<String, NDArray> tensors = new HashMap<>();
    try (InputStream in = Files.newInputStream(file)) {
      NDList.decode(manager, in).forEach(tensor -> tensors.put(tensor.getName(), tensor));
    }
    named.forEach(
        (name, block) -> {
          set(block, "weight", tensors.get(name + ".weight"));
          set(block, "gamma", tensors.get(name + ".weight"));
          set(block, "bias", tensors.get(name + ".bias"));
          set(block, "beta", tensors.get(name + ".bias"));
          set(block, "runningMean", tensors.get(name + ".running_mean"));
          set(block, "runningVar", tensors.get(name + ".running_var"));
        });
  }

  private static void set(Block block, String own, NDArray value) {
    if (block.getDirectParameters().contains(own)) {
      block.getDirectParameters().get(own).setArray(value);
    }
  }

  private void stage(String name, int in) {
    body.add(residual(name + ".0", in, 2 * in))
        .add(Pool.maxPool2dBlock(TWO, TWO))
        .add(residual(name + ".2", 2 * in, 2 * in));
  }

  private Block residual(String name, int in, int out) {
    SequentialBlock main =
        new SequentialBlock()
            .add(conv(name + ".main.0", out, 3))
            .add(norm(name + ".main.1"))
            .add(Activation.reluBlock())
            .add(conv(name + ".main.3", out, 3))
            .add(norm(name + ".main.4"));
    Block shortcut =
        in == out
            ? Blocks.identityBlock()
            : new SequentialBlock()
                .add(conv(name + ".shortcut.0", out, 1))
                .add(norm(name + ".shortcut.1"));
    return new ParallelBlock(
        outputs ->
            Activation.relu(
                new NDList(
                    outputs.get(0).singletonOrThrow().add(outputs.get(1).singletonOrThrow()))),
        List.of(main, shortcut));
  }

  private Block conv(String name, int filters, int kernel) {
    return name(
        name,
        Conv2d.builder()
            .setFilters(filters)
            .setKernelShape(new Shape(kernel, kernel))
            .optPadding(new Shape(kernel / 2, kernel / 2))
            .optBias(true)
            .build());
  }

  private Block norm(String name) {
    return name(name, BatchNorm.builder().optEpsilon(1e-5f).optMomentum(0.9f).build());
  }

  private Block name(String name, Block block) {
    named.put(name, block);
    return block;
  }
}
