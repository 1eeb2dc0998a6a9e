package dev.lamina.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.graph.Initializer;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Role;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.tensorflow.ndarray.Shape;

class TorchLayoutTest {
  @Test
  void convolutionKernel() {
    Parameter kernel = parameter(Role.KERNEL, 3, 2, 5, 7);
    float[] here = numbers(3 * 2 * 5 * 7);
    float[] torch = TorchLayout.toTorch(kernel, here);

    assertThat(TorchLayout.shape(kernel)).containsExactly(7, 5, 3, 2);
    for (int y = 0; y < 3; y++) {
      for (int x = 0; x < 2; x++) {
        for (int in = 0; in < 5; in++) {
          for (int out = 0; out < 7; out++) {
            assertThat(torch[((out * 5 + in) * 3 + y) * 2 + x])
                .isEqualTo(here[((y * 2 + x) * 5 + in) * 7 + out]);
          }
        }
      }
    }
    assertThat(TorchLayout.fromTorch(kernel, torch)).isEqualTo(here);
  }

  @Test
  void denseKernel() {
    Parameter kernel = parameter(Role.KERNEL, 3, 5);
    float[] here = numbers(15);
    float[] torch = TorchLayout.toTorch(kernel, here);

    assertThat(TorchLayout.shape(kernel)).containsExactly(5, 3);
    for (int in = 0; in < 3; in++) {
      for (int out = 0; out < 5; out++) {
        assertThat(torch[out * 3 + in]).isEqualTo(here[in * 5 + out]);
      }
    }
    assertThat(TorchLayout.fromTorch(kernel, torch)).isEqualTo(here);
  }

  @Test
  void vectorsAreTheSame() {
    Parameter bias = parameter(Role.BIAS, 3);
    float[] values = {1, 2, 3};
    assertThat(TorchLayout.shape(bias)).containsExactly(3);
    assertThat(TorchLayout.toTorch(bias, values)).isEqualTo(values).isNotSameAs(values);
    assertThat(TorchLayout.fromTorch(bias, values)).isEqualTo(values);
  }

  @Test
  void refuses() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TorchLayout.toTorch(parameter(Role.KERNEL, 2, 3), new float[5]))
        .withMessage("weight must have 6 values, got 5");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> TorchLayout.fromTorch(parameter(Role.KERNEL, 2, 3), new float[7]))
        .withMessage("weight must have 6 values, got 7");
  }

  /** What is no kernel of a convolution or of a dense layer is the same in both. */
  @Test
  void parametersOfOtherShapes_areTheSame() {
    for (Parameter parameter :
        List.of(
            parameter(Role.FIXED, 6),
            parameter(Role.FIXED, 1, 2, 3),
            parameter(Role.KERNEL, 6),
            parameter(Role.KERNEL, 3, 1, 2),
            parameter(Role.NORM, 1, 2, 3),
            parameter(Role.BIAS, 6))) {
      float[] values = numbers(6);
      assertThat(TorchLayout.shape(parameter)).isEqualTo(parameter.shape().asArray());
      assertThat(TorchLayout.toTorch(parameter, values)).isEqualTo(values);
      assertThat(TorchLayout.fromTorch(parameter, values)).isEqualTo(values);
    }
  }

  private static Parameter parameter(Role role, long... shape) {
    return Parameter.of("weight", Shape.of(shape), role, Initializer.zeros());
  }

  private static float[] numbers(int count) {
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = i + 1;
    }
    return numbers;
  }
}
