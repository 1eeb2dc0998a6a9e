package dev.lamina.torture;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import dev.lamina.augment.ColorJitter;
import dev.lamina.augment.Cutout;
import dev.lamina.augment.RandomCrop;
import dev.lamina.augment.RandomFlip;
import dev.lamina.data.ImageData;
import dev.lamina.graph.Precision;
import dev.lamina.layer.Dropout;
import dev.lamina.layer.Sequential;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.schedule.Constant;
import dev.lamina.train.Callback;
import dev.lamina.train.RunHandle;
import dev.lamina.train.StepEvent;
import dev.lamina.train.Trainer;
import dev.lamina.zoo.ResNetCifar;

/**
 * A program that trains the flagship with dropout and augmentation for ever, and says a hash of its
 * weights after every few steps.
 */
final class DeterminismProcess {
  /** The steps between two lines. */
  static final int STEPS = 10;

  private DeterminismProcess() {}

  /** Width, images of a step, precision, seed. */
  public static void main(String[] args) {
    long seed = Long.parseLong(args[3]);
    try (Model model = Model.of(network(Integer.parseInt(args[0])), seed)) {
      Trainer.builder()
          .schedule(Constant.of(0.01))
          .augment(
              RandomCrop.reflect(4), RandomFlip.horizontal(), ColorJitter.create(), Cutout.of(8))
          .epochs(Integer.MAX_VALUE)
          .batchSize(Integer.parseInt(args[1]))
          .precision(Precision.valueOf(args[2]))
          .seed(seed)
          .callbacks(new Talker(model))
          .build()
          .fit(model, ImageData.embedded().train());
    }
  }

  /** The flagship with dropout before its classifier. */
  private static Network network(int width) {
    Network network = Network.input(32, 32, 3);
    for (Sequential.Named named : ResNetCifar.builder().width(width).network().body().layers()) {
      if (named.name().equals("classifier")) {
        network = network.then("dropout", Dropout.of(0.2));
      }
      network = network.then(named.name(), named.layer());
    }
    return network;
  }

  private record Talker(Model model) implements Callback {
    @Override
    public void onStep(StepEvent event, RunHandle run) {
      if ((event.step() + 1) % STEPS == 0) {
        Hasher hasher = Hashing.sha256().newHasher();
        for (float[] values : model.session().read(model.variables()).values()) {
          for (float value : values) {
            hasher.putInt(Float.floatToRawIntBits(value));
          }
        }
        System.out.println(hasher.hash());
      }
    }
  }
}
