import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import smile.deep.Loss;
import smile.deep.Model;
import smile.deep.Optimizer;
import smile.deep.activation.ReLU;
import smile.deep.layer.Layer;
import smile.deep.layer.LayerBlock;
import smile.deep.layer.LinearLayer;
import smile.deep.layer.SequentialBlock;
import smile.deep.metric.Accuracy;
import smile.deep.tensor.Tensor;
import smile.util.function.TimeFunction;
import smile.vision.ImageDataset;
import smile.vision.transform.Transform;

/** The program of docs/coming-from-smile.md. It needs Java 25, so run does not compile it. */
class Smile {
  static void program(Path folder, Path run, Path photo) throws IOException {
    // region data
    List<String> classes = List.of("boot", "sandal", "sneaker");
    Transform transform = Transform.classification(64, 64);
    var train = new ImageDataset(folder + "/photos/train", 32, transform, classes::indexOf);
    var test = new ImageDataset(folder + "/photos/test", 32, transform, classes::indexOf);
    // endregion
    // region network
    LayerBlock block =
        new LayerBlock("photos") {
          private final SequentialBlock features =
              new SequentialBlock(
                  Layer.conv2d(3, 16, 3, 1, 1, 1, 1, true, "zeros"),
                  Layer.batchNorm2d(16), new ReLU(true), Layer.maxPool2d(2),
                  Layer.conv2d(16, 32, 3, 1, 1, 1, 1, true, "zeros"),
                  Layer.batchNorm2d(32), new ReLU(true),
                  Layer.adaptiveAvgPool2d(1), Layer.dropout(0.2));
          private final LinearLayer classifier = Layer.linear(32, classes.size());

          {
            add("features", features);
            add("classifier", classifier);
          }

          @Override
          public Tensor forward(Tensor input) {
            return classifier.forward(features.forward(input).flatten(1));
          }
        };
    // endregion
    // region recipe
    Model model = new Model(block);
    Optimizer optimizer = Optimizer.SGD(model, 0.1, 0.9, 5e-4, 0, false);
    model.setLearningRateSchedule(TimeFunction.cosine(0, 10 * (train.size() / 32), 0.1));
    // endregion
    // region training
    model.train(10, optimizer, Loss.crossEntropy(), train, test, run + "/photos", new Accuracy());
    System.out.println(model.eval(test, new Accuracy()));
    // endregion
    // region saving
    model.save(run + "/model.pt"); // parameters; the block stays in your code
    model.load(run + "/model.pt");
    // endregion
    // region prediction
    model.eval();
    BufferedImage image = ImageIO.read(photo.toFile());
    try (var guard = Tensor.noGradGuard();
        Tensor logits = model.forward(transform.forward(image))) {
      int best = logits.argmax(1, false).intValue();
      System.out.println(classes.get(best) + " " + logits.softmax(1).getFloat(0, best));
    }
    // endregion
  }
}
