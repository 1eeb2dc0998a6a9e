package dev.lamina.export;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Writes a safetensors file. */
final class SafetensorsWriter {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int ALIGNMENT = 8;

  private SafetensorsWriter() {}

  static void write(Path file, Safetensors content) {
    Path target = file.toAbsolutePath();
    Path temporary =
        target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      Path folder = temporary.resolveSibling("");
      if (!Files.isDirectory(folder)) {
        Files.createDirectories(folder);
      }
      try {
        writeNew(temporary, content);
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(file + " cannot be written: " + e, e);
    }
  }

  private static void writeNew(Path file, Safetensors content) throws IOException {
    // The widest numbers first, so that every tensor is aligned to its numbers.
    List<Map.Entry<String, Safetensors.Tensor>> tensors =
        new ArrayList<>(content.tensors().entrySet());
    tensors.sort(Comparator.comparingInt(entry -> -entry.getValue().dtype().bytes()));
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      writeFully(channel, header(tensors, content.metadata()));
      for (Map.Entry<String, Safetensors.Tensor> entry : tensors) {
        writeFully(channel, entry.getValue().data());
      }
      channel.force(true);
    }
  }

  private static ByteBuffer header(
      List<Map.Entry<String, Safetensors.Tensor>> tensors, Map<String, String> metadata)
      throws IOException {
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
    byte[] json = JSON.writeValueAsBytes(header);
    int padded = (json.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    ByteBuffer bytes = Safetensors.littleEndian(Long.BYTES + padded).putLong(padded).put(json);
    while (bytes.hasRemaining()) {
      bytes.put((byte) ' ');
    }
    return bytes.flip();
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
