import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.Deflater;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/** Copies the first images of each class of IDX files into smaller ones: FashionMnistSample FROM TO. */
public final class FashionMnistSample {
  public static void main(String[] args) throws IOException {
    Path to = Files.createDirectories(Path.of(args[1]));
    cut(Path.of(args[0]), to, "train", 1_000);
    cut(Path.of(args[0]), to, "t10k", 200);
  }

  private static void cut(Path from, Path to, String split, int perClass) throws IOException {
    String imagesName = split + "-images-idx3-ubyte.gz";
    String labelsName = split + "-labels-idx1-ubyte.gz";
    ByteArrayOutputStream images = new ByteArrayOutputStream();
    ByteArrayOutputStream labels = new ByteArrayOutputStream();
    int[] taken = new int[10];
    try (DataInputStream imagesIn = open(from.resolve(imagesName));
        DataInputStream labelsIn = open(from.resolve(labelsName))) {
      imagesIn.readInt();
      int count = imagesIn.readInt();
      byte[] image = new byte[imagesIn.readInt() * imagesIn.readInt()];
      labelsIn.readInt();
      labelsIn.readInt();
      for (int i = 0; i < count; i++) {
        imagesIn.readFully(image);
        int label = labelsIn.readUnsignedByte();
        if (taken[label]++ < perClass) {
          images.write(image);
          labels.write(label);
        }
      }
    }
    try (DataOutputStream out = create(to.resolve(imagesName))) {
      out.writeInt(0x803);
      out.writeInt(labels.size());
      out.writeInt(28);
      out.writeInt(28);
      images.writeTo(out);
    }
    try (DataOutputStream out = create(to.resolve(labelsName))) {
      out.writeInt(0x801);
      out.writeInt(labels.size());
      labels.writeTo(out);
    }
  }

  private static DataInputStream open(Path file) throws IOException {
    return new DataInputStream(new GZIPInputStream(Files.newInputStream(file), 1 << 16));
  }

  private static DataOutputStream create(Path file) throws IOException {
    return new DataOutputStream(
        new GZIPOutputStream(Files.newOutputStream(file), 1 << 16) {
          {
            def.setLevel(Deflater.BEST_COMPRESSION);
          }
        });
  }
}
