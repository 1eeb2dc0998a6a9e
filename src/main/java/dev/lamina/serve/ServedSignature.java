package dev.lamina.serve;

import dev.lamina.io.LaminaException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.ndarray.NdArray;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;

/**
 * One signature of an exported model: maps a batch of images to named outputs. An image is either
 * pixels (uint8 of a fixed shape) or an encoded PNG or JPEG file. Thread-safe.
 */
final class ServedSignature {
  private final Session session;
  private final SignatureDef definition;
  private final String input;
  private final TensorInfo info;
  private final List<Integer> pixels;

  /**
   * Creates a signature that runs in the given session.
   *
   * @throws LaminaException if its input is not a single batch of images
   */
  ServedSignature(String name, SignatureDef definition, Session session) {
    this.session = session;
    this.definition = definition;
    if (definition.getInputsCount() != 1) {
      throw unsupported(name, "has %s inputs".formatted(definition.getInputsCount()));
    }
    Map.Entry<String, TensorInfo> only = definition.getInputsMap().entrySet().iterator().next();
    input = only.getKey();
    info = only.getValue();
    List<Integer> shape =
        info.getTensorShape().getDimList().stream()
            .map(TensorShapeProto.Dim::getSize)
            .map(Math::toIntExact)
            .toList();
    boolean acceptsPixels = info.getDtype() == DataType.DT_UINT8 && shape.size() > 1;
    boolean acceptsFiles = info.getDtype() == DataType.DT_STRING && shape.size() == 1;
    if (!acceptsPixels && !acceptsFiles) {
      throw unsupported(name, "takes %s of %s".formatted(info.getDtype(), shape));
    }
    pixels = shape.subList(1, shape.size());
  }

  private static LaminaException unsupported(String name, String found) {
    return new LaminaException(
        "signature %s must take one batch of images, %s; export the model again"
            .formatted(name, found));
  }

  /** The definition in the export. */
  SignatureDef definition() {
    return definition;
  }

  /** The name of the input. */
  String input() {
    return input;
  }

  /** Whether images are encoded files. */
  boolean acceptsFiles() {
    return info.getDtype() == DataType.DT_STRING;
  }

  /** The shape of an image's pixels, such as height, width and channels; empty for files. */
  List<Integer> pixels() {
    return pixels;
  }

  /**
   * Runs a batch and returns its outputs by name.
   *
   * @throws TFInvalidArgumentException if an image file cannot be decoded
   */
  SortedMap<String, Output> run(List<byte[]> images) {
    List<String> names = new ArrayList<>(definition.getOutputsMap().keySet());
    Collections.sort(names);
    try (Tensor batch = acceptsFiles() ? files(images) : pixels(images)) {
      Session.Runner runner = session.runner().feed(info.getName(), batch);
      names.forEach(name -> runner.fetch(definition.getOutputsOrThrow(name).getName()));
      try (var result = runner.run()) {
        SortedMap<String, Output> outputs = new TreeMap<>();
        for (int i = 0; i < names.size(); i++) {
          outputs.put(names.get(i), Output.of(result.get(i)));
        }
        return outputs;
      }
    }
  }

  private static TString files(List<byte[]> images) {
    NdArray<byte[]> files = NdArrays.vectorOfObjects(images.toArray(byte[][]::new));
    return TString.tensorOfBytes(files);
  }

  private TUint8 pixels(List<byte[]> images) {
    int size = images.get(0).length;
    byte[] joined = new byte[Math.multiplyExact(size, images.size())];
    for (int i = 0; i < images.size(); i++) {
      System.arraycopy(images.get(i), 0, joined, i * size, size);
    }
    long[] shape = pixels.stream().mapToLong(Integer::longValue).toArray();
    return TUint8.tensorOf(
        Shape.of(shape).prepend(images.size()), DataBuffers.of(joined, true, false));
  }
}
