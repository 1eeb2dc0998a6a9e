package dev.lamina.graph;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TFloating;

/**
 * The number format that convolutions, and what lies between them, compute in during training.
 * Weights, gradients as the optimizer sees them, batch statistics, the classifier, softmax and loss
 * are float32 always (mixed precision, Micikevicius et al., arXiv 1710.03740).
 */
public enum Precision {
  /** 32 bits: 8 of exponent, 23 of fraction. */
  FLOAT32(TFloat32.class),
  /**
   * 16 bits: 8 of exponent, 7 of fraction. The range is float32's, so that no scaling of the loss
   * is needed. Fast where the processor has instructions for it; many times slower elsewhere.
   */
  BFLOAT16(TBfloat16.class),
  /**
   * 16 bits: 5 of exponent, 10 of fraction. For GPUs; slow on processors. Gradients would be too
   * small for its range, so the loss is multiplied by a scale that follows them, and a step whose
   * gradients overflow is taken again with a smaller one.
   */
  FLOAT16(TFloat16.class);

  /** Names of instruction sets that multiply bfloat16, as the Linux kernel spells them. */
  private static final List<String> INSTRUCTIONS = List.of("avx512_bf16", "amx_bf16");

  private static final Path PROCESSOR = Path.of("/proc/cpuinfo");

  private final Class<? extends TFloating> type;

  Precision(Class<? extends TFloating> type) {
    this.type = type;
  }

  /** The type of the tensors. */
  public Class<? extends TFloating> type() {
    return type;
  }

  /**
   * {@link #BFLOAT16} where Linux says that the processor has instructions for it (AVX512-BF16 or
   * AMX), else {@link #FLOAT32}.
   */
  public static Precision automatic() {
    return automatic(PROCESSOR);
  }

  static Precision automatic(Path cpuinfo) {
    try (Stream<String> lines = Files.lines(cpuinfo)) {
      return lines
              .filter(line -> line.startsWith("flags"))
              .flatMap(line -> Stream.of(line.split("\\s+", -1)))
              .anyMatch(INSTRUCTIONS::contains)
          ? BFLOAT16
          : FLOAT32;
    } catch (IOException e) {
      return FLOAT32;
    }
  }
}
