package dev.lamina.format;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.data.Images;
import dev.lamina.data.PillowParityTest;
import dev.lamina.data.Preprocessing;
import dev.lamina.data.Resize;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.network.Network;
import dev.lamina.network.Servable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;

/** What exports decode against what training and prediction decode. */
class DecodeGraphTest {
  @TempDir private Path folder;

  static List<Resize> rules() {
    List<Resize> rules = new ArrayList<>();
    for (Resize.Mode mode : Resize.Mode.values()) {
      for (Resize.Filter filter : Resize.Filter.values()) {
        rules.add(new Resize(mode, 16, 16, 1, filter));
        rules.add(new Resize(mode, 19, 40, 1, filter));
      }
    }
    rules.add(Resize.cover(14).crop(0.875));
    rules.add(Resize.cover(33, 21).crop(0.9).filter(Resize.Filter.BICUBIC));
    return rules;
  }

  @ParameterizedTest
  @MethodSource("rules")
  void files_becomeTheSameBytesAsInJava(Resize resize) throws IOException {
    check(resize, 3, Function.identity());
  }

  @ParameterizedTest
  @MethodSource("dev.lamina.format.DecodeGraphTest#one")
  void filesForOneChannel_becomeTheSameBytesAsInJava(Resize resize) throws IOException {
    check(resize, 1, Preprocessing::grey);
  }

  static Stream<Resize> one() {
    return Stream.of(Resize.cover(15, 9));
  }

  /**
   * TensorFlow reads the others otherwise, or not at all: of GIF it makes transparent pixels black,
   * and its image is as large as the largest frame.
   */
  private static boolean isDecodedAlike(Path file) {
    return file.getFileName().toString().matches("(?!frame|transparent).*\\.(png|jpg|gif|bmp)");
  }

  private static void check(Resize resize, int channels, Function<byte[], byte[]> convert)
      throws IOException {
    List<Path> files = PillowParityTest.files().filter(DecodeGraphTest::isDecodedAlike).toList();
    assertThat(files).hasSizeGreaterThan(50);
    Preprocessing preprocessing = Preprocessing.of(resize);
    byte[] served = decode(servable(preprocessing, channels), files);
    int bytes = resize.height() * resize.width() * channels;
    for (int i = 0; i < files.size(); i++) {
      byte[] one = new byte[bytes];
      System.arraycopy(served, i * bytes, one, 0, bytes);
      assertThat(one)
          .as("%s of %s", resize, files.get(i))
          .isEqualTo(convert.apply(Images.read(files.get(i), preprocessing)));
    }
  }

  /** Of other depths TensorFlow would read the indices of a palette as colours. */
  @ParameterizedTest
  @ValueSource(ints = {24, 32})
  void bmp_ofThisDepth_isDecoded(int bits) throws IOException {
    Path file = folder.resolve("a.bmp");
    Files.write(file, bmp(bits));
    byte[] pixels = new byte[2 * 3 * 3];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (i * 13);
    }
    Preprocessing preprocessing = Preprocessing.of(Resize.stretch(2, 3));
    assertThat(decode(servable(preprocessing, 3), List.of(file))).isEqualTo(pixels);
  }

  /** Two rows of three pixels whose channels count up in steps of 13. */
  private static byte[] bmp(int bits) {
    int row = (3 * bits / 8 + 3) / 4 * 4;
    ByteBuffer file = ByteBuffer.allocate(54 + 2 * row).order(ByteOrder.LITTLE_ENDIAN);
    file.put((byte) 'B').put((byte) 'M').putInt(file.capacity()).putInt(0).putInt(54);
    file.putInt(40).putInt(3).putInt(2).putShort((short) 1).putShort((short) bits);
    for (int y = 0; y < 2; y++) {
      for (int x = 0; x < 3; x++) {
        int pixel = 54 + (1 - y) * row + x * bits / 8; // From the bottom up.
        for (int c = 0; c < 3; c++) {
          file.put(pixel + 2 - c, (byte) (13 * ((y * 3 + x) * 3 + c)));
        }
      }
    }
    return file.array();
  }

  private static Servable servable(Preprocessing preprocessing, int channels) {
    Resize resize = preprocessing.resize();
    Network network =
        Network.input(resize.height(), resize.width(), channels)
            .then(GlobalAveragePool.create(), Dense.of(2));
    return new Servable(
        network,
        Map.of("1.weight", new float[2 * channels], "1.bias", new float[2]),
        List.of("a", "b"),
        preprocessing,
        Map.of());
  }

  private static byte[] decode(Servable servable, List<Path> files) throws IOException {
    byte[][] contents = new byte[files.size()][];
    for (int i = 0; i < contents.length; i++) {
      contents[i] = Files.readAllBytes(files.get(i));
    }
    try (Graph graph = new Graph();
        DecodeGraph decode = new DecodeGraph(servable)) {
      Ops tf = Ops.create(graph);
      Placeholder<TString> placeholder = DecodeGraph.files(tf);
      Operand<TUint8> images = decode.apply(tf, placeholder);
      try (Session session = new Session(graph);
          TString fed = TString.tensorOfBytes(NdArrays.vectorOfObjects(contents));
          var result = session.runner().feed(placeholder, fed).fetch(images).run()) {
        TUint8 pixels = (TUint8) result.get(0);
        byte[] bytes = new byte[Math.toIntExact(pixels.size())];
        pixels.copyTo(DataBuffers.of(bytes, false, false));
        return bytes;
      }
    }
  }
}
