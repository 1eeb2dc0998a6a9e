package dev.lamina.train;

import dev.lamina.augment.Augmentation;
import dev.lamina.data.ImageSet;
import dev.lamina.graph.GraphSession;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;

/** Shows what augmentations make of images, outside training. */
public final class Preview {
  private Preview() {}

  /** The images of a set, each changed once; equal seeds give equal pixels. */
  public static ImageSet of(ImageSet set, List<Augmentation> augmentations, long seed) {
    try (GraphSession session = new GraphSession()) {
      Ops tf = session.ops();
      Placeholder<TUint8> images =
          tf.placeholder(
              TUint8.class,
              Placeholder.shape(Shape.of(-1, set.height(), set.width(), set.channels())));
      Operand<TInt64> key = tf.constant(new long[] {seed, 0});
      Operand<TUint8> changed = Augmentation.chain(augmentations).apply(tf, images, key);
      try (TUint8 pixels =
              TUint8.tensorOf(
                  Shape.of(set.size(), set.height(), set.width(), set.channels()),
                  DataBuffers.of(set.pixels()));
          var result = session.run(runner -> runner.feed(images, pixels).fetch(changed))) {
        TUint8 output = (TUint8) result.get(0);
        byte[] bytes = new byte[Math.toIntExact(output.size())];
        output.copyTo(DataBuffers.of(bytes, false, false));
        return ImageSet.of(
            Math.toIntExact(output.shape().get(1)),
            Math.toIntExact(output.shape().get(2)),
            Math.toIntExact(output.shape().get(3)),
            bytes,
            set.labels(),
            set.classNames());
      }
    }
  }
}
