package dev.lamina.format;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lamina.io.AtomicFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Writes a safetensors file. */
final class SafetensorsWriter {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int ALIGNMENT = 8;

  private SafetensorsWriter() {}

  static void write(Path file, Safetensors content) {
    try {
      AtomicFiles.write(file, pieces(content));
    } catch (IOException e) {
      throw new UncheckedIOException(
          file + " could not be written (" + e + "); free space or choose another folder", e);
    }
  }

  static List<ByteBuffer> pieces(Safetensors content) {
    // Widest types first, so that every tensor is aligned to its element size.
    List<Map.Entry<String, Safetensors.Tensor>> tensors =
        new ArrayList<>(content.tensors().entrySet());
    tensors.sort(Comparator.comparingInt(entry -> -entry.getValue().dtype().bytes()));
    List<ByteBuffer> pieces = new ArrayList<>();
    pieces.add(header(tensors, content.metadata()));
    tensors.forEach(entry -> pieces.add(entry.getValue().data()));
    return pieces;
  }

  private static ByteBuffer header(
      List<Map.Entry<String, Safetensors.Tensor>> tensors, Map<String, String> metadata) {
    ObjectNode header = JSON.createObjectNode();
    if (!metadata.isEmpty()) {
      ObjectNode texts = header.putObject(Safetensors.METADATA);
      metadata.forEach(texts::put);
    }
    long end = 0;
    for (Map.Entry<String, Safetensors.Tensor> entry : tensors) {
      Safetensors.Tensor tensor = entry.getValue();
      ObjectNode node = header.putObject(entry.getKey()).put("dtype", tensor.dtype().name());
      node.set("shape", JSON.valueToTree(tensor.shape()));
      long begin = end;
      end += tensor.data().remaining();
      node.putArray("data_offsets").add(begin).add(end);
    }
    byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
    int padded = (json.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    ByteBuffer bytes = Safetensors.littleEndian(Long.BYTES + padded).putLong(padded).put(json);
    while (bytes.hasRemaining()) {
      bytes.put((byte) ' ');
    }
    return bytes.flip();
  }
}
