package dev.lamina.train;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.base.Splitter;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.Context;
import dev.lamina.layer.Classifier;
import dev.lamina.layer.Dense;
import dev.lamina.layer.Layers;
import dev.lamina.layer.Layers.LayerNode;
import dev.lamina.loss.ClassWeights;
import dev.lamina.loss.CrossEntropy;
import dev.lamina.loss.Loss;
import dev.lamina.network.Network;
import dev.lamina.optimizer.ParameterGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** The parts of a {@link Recipe} that depend on the network or on the images. */
final class FineTuning {
  private FineTuning() {}

  /**
   * Returns the full names of the layers with parameters before the classifier; of one without a
   * name, those of its parameters.
   *
   * @throws IllegalArgumentException if the network has no classifier
   */
  static List<String> body(Network network) {
    return beforeClassifier(network).parameters().keySet().stream()
        .map(name -> name.replaceFirst("\\.[^.]*$", ""))
        .distinct()
        .toList();
  }

  /**
   * Returns the full names of the layers without parameters that are before the last of {@link
   * #body}, or in a block with it. Others, such as a dropout just before the classifier, belong to
   * the classifier.
   */
  static List<String> between(Network network) {
    String classifier =
        Layers.nodes(network.body(), network.inputShape()).stream()
            .filter(node -> node.layer() instanceof Dense)
            .map(LayerNode::path)
            .reduce("", (earlier, later) -> later);
    Network body = beforeClassifier(network);
    List<LayerNode> passed = new ArrayList<>();
    List<String> between = new ArrayList<>();
    String last = "";
    for (LayerNode node : Layers.nodes(body.body(), body.inputShape())) {
      if (node.parameters().isEmpty()) {
        passed.add(node);
      } else {
        last = node.path();
        passed.forEach(before -> between.add(before.path()));
        passed.clear();
      }
    }
    for (LayerNode after : passed) {
      if (Context.contains(block(after.path(), classifier), last)) {
        between.add(after.path());
      }
    }
    return between;
  }

  /** Returns the full name of the outermost layer around another without the classifier in it. */
  private static String block(String path, String classifier) {
    String block = "";
    for (String name : Splitter.on('.').split(path)) {
      block = Context.join(block, name);
      if (!Context.contains(block, classifier)) {
        break;
      }
    }
    return block;
  }

  private static Network beforeClassifier(Network network) {
    return network.withBody(
        Classifier.body(network.body())
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "freezeEpochs must be 0, and bodyRate 1, for a network that does not end in a"
                            + " Dense")));
  }

  /**
   * Returns the groups of a recipe for a network, with that of the layers before the classifier.
   *
   * @throws IllegalArgumentException if these have a rate of their own and there is no classifier
   */
  static List<ParameterGroup> groups(Recipe recipe, Network network) {
    if (recipe.bodyRate() == 1) {
      return recipe.groups();
    }
    List<ParameterGroup> groups = new ArrayList<>(recipe.groups());
    List<String> body = body(network);
    // A group of no layers is one of all.
    if (!body.isEmpty()) {
      groups.add(ParameterGroup.matching(body.toArray(String[]::new)).rate(recipe.bodyRate()));
    }
    return groups;
  }

  /**
   * Returns the loss of a recipe for a training set, with its class weights.
   *
   * @throws IllegalArgumentException if the loss can have no class weights, or has some already
   */
  static Loss loss(Recipe recipe, ImageSet images) {
    if (!recipe.balanceClasses()) {
      return recipe.loss();
    }
    checkArgument(
        recipe.loss() instanceof CrossEntropy,
        "balanceClasses must be false for a loss other than CrossEntropy, got %s",
        recipe.loss());
    CrossEntropy entropy = (CrossEntropy) recipe.loss();
    checkArgument(
        entropy.classWeights().isEmpty(),
        "balanceClasses must be false for a loss that has class weights, got %s; leave one of them out",
        entropy.classWeights());
    int[] counts = new int[images.classes()];
    IntStream.of(images.labels()).forEach(label -> counts[label]++);
    return entropy.classWeights(ClassWeights.balanced(counts));
  }
}
