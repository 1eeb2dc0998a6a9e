package dev.lamina.export;

import static com.google.common.base.Preconditions.checkArgument;

import dev.lamina.graph.GraphSession;
import dev.lamina.graph.Parameter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;

/** Weights as a checkpoint of TensorFlow 2, which has a checksum of every tensor. */
final class Checkpoint {
  /** Where it lies in a SavedModel: what the names of its files begin with. */
  static final String PREFIX = "variables/variables";

  private static final String OBJECTS = "_CHECKPOINTABLE_OBJECT_GRAPH";

  private Checkpoint() {}

  /**
   * Writes the weights.
   *
   * @param objects what Python finds them by
   */
  static void write(Path prefix, Servable servable, TrackableObjectGraph objects) {
    try (Graph graph = new Graph();
        TString object = TString.tensorOfBytes(NdArrays.scalarOfObject(objects.toByteArray()))) {
      Ops tf = Ops.create(graph);
      Map<String, Operand<TFloat32>> weights = Constants.add(servable, tf);
      List<Operand<?>> values = new ArrayList<>(weights.values());
      values.add(tf.constantOf(object));
      List<String> keys = new ArrayList<>(keys(weights.keySet()));
      keys.add(OBJECTS);
      Op save =
          tf.train.save(
              tf.constant(prefix.toString()),
              tf.array(keys.toArray(String[]::new)),
              whole(tf, keys.size()),
              values);
      try (Session session = new Session(graph)) {
        session.runner().addTarget(save).run().close();
      }
    }
  }

  /**
   * Reads weights.
   *
   * @throws org.tensorflow.exceptions.TensorFlowException where the files are missing, damaged, or
   *     lack one of them
   * @throws IllegalArgumentException where one has another shape
   */
  static Map<String, float[]> read(Path prefix, Map<String, Parameter> parameters) {
    Map<String, float[]> weights = new LinkedHashMap<>();
    if (parameters.isEmpty()) {
      return weights;
    }
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      List<String> keys = keys(parameters.keySet());
      var restore =
          tf.train.restore(
              tf.constant(prefix.toString()),
              tf.array(keys.toArray(String[]::new)),
              whole(tf, keys.size()),
              Collections.nCopies(keys.size(), TFloat32.class));
      try (Session session = new Session(graph)) {
        Session.Runner runner = session.runner();
        restore.tensors().forEach(runner::fetch);
        try (var result = runner.run()) {
          int i = 0;
          for (Map.Entry<String, Parameter> entry : parameters.entrySet()) {
            Tensor tensor = result.get(i++);
            checkArgument(
                tensor.shape().equals(entry.getValue().shape()),
                "the network needs %s of shape %s, the variables have %s",
                entry.getKey(),
                Arrays.toString(entry.getValue().shape().asArray()),
                Arrays.toString(tensor.shape().asArray()));
            weights.put(entry.getKey(), GraphSession.floats(tensor));
          }
        }
      }
    }
    return weights;
  }

  private static List<String> keys(Collection<String> names) {
    return names.stream().map(ObjectGraph::checkpointKey).toList();
  }

  /** Whole tensors, not slices. */
  private static Operand<TString> whole(Ops tf, int tensors) {
    return tf.fill(tf.constant(new int[] {tensors}), tf.constant(""));
  }
}
