package dev.lamina.format;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lamina.inference.BatchNormFolding;
import dev.lamina.io.AtomicFiles;
import dev.lamina.io.Version;
import dev.lamina.network.Servable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a classifier as an ONNX file, for ONNX Runtime and other runtimes. It contains only the
 * inference graph, with batch norms folded into the convolutions.
 *
 * <table>
 * <caption>Inputs and outputs</caption>
 * <tr><th>name</th><th>type</th><th>shape</th><th>what</th></tr>
 * <tr><td>images (input)</td><td>uint8</td><td>[batch, height, width, channels]</td><td>pixels from 0 to 255</td></tr>
 * <tr><td>probabilities</td><td>float32</td><td>[batch, classes]</td><td>softmax of the logits</td></tr>
 * <tr><td>logits</td><td>float32</td><td>[batch, classes]</td><td>output of the network</td></tr>
 * <tr><td>class_ids</td><td>int64</td><td>[batch]</td><td>the most probable class, from 0</td></tr>
 * </table>
 *
 * <p>The model's metadata holds the class names, as a JSON array under {@code class_names}, the
 * preprocessing as JSON, and the metadata of the classifier.
 */
public final class OnnxWriter {
  /** From 2021: supported by every ONNX Runtime since 1.10; no operator here needs a newer one. */
  private static final int OPSET = 15;

  private static final int IR_VERSION = 8;
  private static final JsonMapper JSON = new JsonMapper();

  private OnnxWriter() {}

  /**
   * Writes the model atomically; an existing file is replaced. Creates missing parent folders.
   *
   * @throws IllegalArgumentException if a layer has no converter ({@link OnnxConverters}), such as
   *     a lambda
   * @throws UncheckedIOException if it cannot be written
   */
  public static void write(Path file, Servable servable) {
    byte[] model = build(servable).toByteArray();
    try {
      AtomicFiles.write(file, List.of(ByteBuffer.wrap(model)));
    } catch (IOException e) {
      throw new UncheckedIOException(
          file + " could not be written (" + e + "); free space or choose another folder", e);
    }
  }

  private static ModelProto build(Servable servable) {
    Map<String, String> metadata = new LinkedHashMap<>(servable.metadata());
    metadata.put("class_names", json(servable.classNames()));
    metadata.put("preprocessing", PreprocessingJson.write(servable.preprocessing()).toString());
    ModelProto.Builder model =
        ModelProto.newBuilder()
            .setIrVersion(IR_VERSION)
            .setProducerName("Lamina")
            .setProducerVersion(Version.get())
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OPSET))
            .setGraph(graph(BatchNormFolding.fold(servable)));
    metadata.forEach(
        (key, value) ->
            model.addMetadataProps(
                StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
    return model.build();
  }

  private static GraphProto graph(Servable servable) {
    long classes = servable.classNames().size();
    GraphProto.Builder proto =
        GraphProto.newBuilder()
            .setName("classifier")
            .addInput(
                info(
                    "images",
                    DataType.UINT8,
                    servable.network().height(),
                    servable.network().width(),
                    servable.network().channels()))
            .addOutput(info("probabilities", DataType.FLOAT, classes))
            .addOutput(info("logits", DataType.FLOAT, classes))
            .addOutput(info("class_ids", DataType.INT64));
    OnnxGraph graph = new OnnxGraph(proto);
    String pixels =
        graph.node(
            "", "Cast", List.of("images"), OnnxGraph.attribute("to", DataType.FLOAT.getNumber()));
    String scaled =
        graph.node("", "Div", List.of(pixels, graph.floats("white", new float[] {255})));
    String images =
        graph.node(
            "", "Transpose", List.of(scaled), OnnxGraph.attribute("perm", new long[] {0, 3, 1, 2}));
    String logits =
        OnnxConverters.add(
            new OnnxScope(graph, servable.weights(), "", servable.network().inputShape()),
            servable.network().body(),
            images);
    graph.named("logits", "Identity", List.of(logits));
    graph.named("probabilities", "Softmax", List.of("logits"), OnnxGraph.attribute("axis", 1));
    graph.named(
        "class_ids",
        "ArgMax",
        List.of("logits"),
        OnnxGraph.attribute("axis", 1),
        OnnxGraph.attribute("keepdims", 0));
    return proto.build();
  }

  /** Returns the type of a batch of examples of a shape. */
  private static ValueInfoProto info(String name, DataType type, long... shape) {
    TensorShapeProto.Builder dimensions = TensorShapeProto.newBuilder();
    dimensions.addDimBuilder().setDimParam("batch");
    for (long size : shape) {
      dimensions.addDimBuilder().setDimValue(size);
    }
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            TypeProto.newBuilder()
                .setTensorType(
                    TypeProto.Tensor.newBuilder()
                        .setElemType(type.getNumber())
                        .setShape(dimensions)))
        .build();
  }

  private static String json(List<String> texts) {
    try {
      return JSON.writeValueAsString(texts);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
