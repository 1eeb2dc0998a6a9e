package dev.lamina.layer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.zoo.Zoo;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.tensorflow.ndarray.Shape;

class ClassifierTest {
  private static final Sequential FEATURES =
      Sequential.of(Flatten.create(), Dense.of(64), Activation.RELU);

  @Test
  void layersThatKeepEachOutput_mayFollow() {
    assertThat(Classifier.body(network(10)))
        .contains(FEATURES.then(Sequential.of(Sequential.of())));
    assertThat(Classifier.resize(network(10), 3)).contains(network(3));
  }

  private static Sequential network(int classes) {
    return FEATURES.then(
        Sequential.of(
            Dense.of(classes),
            Sequential.of(BatchNorm.create(), Dropout.of(0.5)),
            Rescale.of(2),
            Activation.TANH));
  }

  /** The last dense layer in sequence is a hidden one: the outputs are computed after it. */
  @Test
  void networkWithOtherLayersAtItsEnd_hasNoClassifier() {
    Layer branches = Add.of(Dense.of(10), Sequential.of(Dense.of(32), Dense.of(10)));
    for (Layer last :
        new Layer[] {
          branches,
          Sequential.of(
              branches,
              Normalize.of(new double[10], DoubleStream.generate(() -> 1).limit(10).toArray())),
          // As many outputs as inputs.
          Residual.of(Dense.of(64)),
          Lambda.of(
              "halve",
              (tf, x) -> tf.slice(x, tf.constant(new int[2]), tf.constant(new int[] {-1, 32})))
        }) {
      assertThat(FEATURES.then(last).outputShape(Shape.of(4, 4, 1)).numDimensions()).isOne();
      assertThat(Classifier.body(FEATURES.then(last))).isEmpty();
      assertThat(Classifier.resize(FEATURES.then(last), 3)).isEmpty();
    }
  }

  @Test
  void everyNetworkOfTheZoo_hasAClassifier() {
    for (String name : Zoo.names()) {
      Sequential body = Zoo.get(name).network().body();
      assertThat(Classifier.body(body)).as(name).isPresent();
    }
  }
}
