package dev.lamina.format;

import dev.lamina.graph.Device;
import dev.lamina.graph.GraphSession;
import dev.lamina.inference.Constants;
import dev.lamina.io.Messages;
import dev.lamina.network.Servable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;

/** Writes weights as a TensorFlow 2 checkpoint. */
final class TensorBundleWriter {
  /** The prefix of its file names in a SavedModel. */
  static final String PREFIX = "variables/variables";

  private static final String OBJECTS = "_CHECKPOINTABLE_OBJECT_GRAPH";

  private TensorBundleWriter() {}

  /**
   * Writes the weights.
   *
   * @param objects the objects by which Python finds the weights
   * @throws IOException if they cannot be written
   */
  static void write(Path prefix, Servable servable, TrackableObjectGraph objects)
      throws IOException {
    try (GraphSession session = new GraphSession(Device.cpu());
        TString object = TString.tensorOfBytes(NdArrays.scalarOfObject(objects.toByteArray()))) {
      Ops tf = session.ops();
      Map<String, Operand<TFloat32>> weights = Constants.add(servable, tf);
      List<Operand<?>> values = new ArrayList<>(weights.values());
      values.add(tf.constantOf(object));
      List<String> keys = new ArrayList<>();
      weights.keySet().forEach(name -> keys.add(ObjectGraph.checkpointKey(name)));
      keys.add(OBJECTS);
      // An empty slice specification saves the complete tensor.
      Operand<TString> slices = tf.fill(tf.constant(new int[] {keys.size()}), tf.constant(""));
      Op save =
          tf.train.save(
              tf.constant(prefix.toString()),
              tf.array(keys.toArray(String[]::new)),
              slices,
              values);
      session.run(runner -> runner.addTarget(save)).close();
    } catch (TensorFlowException e) {
      // A full disk is a resource of which TensorFlow says that it is exhausted.
      throw new IOException(Messages.singleLine(e.getMessage()), e);
    }
  }
}
