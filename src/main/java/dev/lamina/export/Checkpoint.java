package dev.lamina.export;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;

/** Writes weights as a checkpoint of TensorFlow 2. */
final class Checkpoint {
  private static final String OBJECTS = "_CHECKPOINTABLE_OBJECT_GRAPH";

  private Checkpoint() {}

  /**
   * Writes the files of a checkpoint.
   *
   * @param prefix what the names of the files begin with
   * @param objects what Python finds the weights by
   */
  static void write(Path prefix, Servable servable, TrackableObjectGraph objects) {
    try (Graph graph = new Graph();
        TString object = TString.tensorOfBytes(NdArrays.scalarOfObject(objects.toByteArray()))) {
      Ops tf = Ops.create(graph);
      Map<String, Operand<TFloat32>> weights = Constants.add(servable, tf);
      List<String> keys = new ArrayList<>();
      weights.keySet().forEach(name -> keys.add(ObjectGraph.checkpointKey(name)));
      List<Operand<?>> values = new ArrayList<>(weights.values());
      keys.add(OBJECTS);
      values.add(tf.constantOf(object));
      Operand<TString> whole = tf.fill(tf.constant(new int[] {keys.size()}), tf.constant(""));
      var save =
          tf.train.save(
              tf.constant(prefix.toString()), tf.array(keys.toArray(String[]::new)), whole, values);
      try (Session session = new Session(graph)) {
        session.runner().addTarget(save.op()).run().close();
      }
    }
  }
}
