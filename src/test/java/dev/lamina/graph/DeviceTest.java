package dev.lamina.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class DeviceTest {
  @Test
  void names() {
    assertThat(Device.cpu()).hasToString("cpu");
    assertThat(Device.gpu(3)).hasToString("gpu:3");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Device.gpu(-1))
        .withMessage("index must not be negative, got -1");
  }

  @Test
  void session_refusesAGpuThatIsNotThere() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new GraphSession(Device.gpu(99)))
        .withMessage(
            "device must be one that TensorFlow can use, got gpu:99; use cpu, or build with -Pgpu on a"
                + " machine with CUDA; a process that has used one GPU cannot use another");
  }

  @Test
  void decisions_differByKind() {
    Device cpu = Device.cpu();
    Device gpu = Device.gpu(1);
    assertThat(cpu.usesWinograd()).isTrue();
    assertThat(gpu.usesWinograd()).isFalse();
    assertThat(cpu.rematerializes(Precision.FLOAT32)).isTrue();
    assertThat(cpu.rematerializes(Precision.BFLOAT16)).isFalse();
    assertThat(gpu.rematerializes(Precision.FLOAT32)).isFalse();
    assertThat(gpu.precision()).isEqualTo(Precision.FLOAT16);
    assertThat(cpu.precision())
        .isEqualTo(Processor.THIS.multipliesBfloat16() ? Precision.BFLOAT16 : Precision.FLOAT32);
    assertThat(cpu.evaluationBatch(1000)).isEqualTo(32);
    assertThat(gpu.evaluationBatch(1000)).isEqualTo(512);
    assertThat(gpu.evaluationBatch(8 << 20)).as("1 GiB of a layer").isEqualTo(128);
    assertThat(gpu.evaluationBatch(1L << 31)).isEqualTo(1);
    assertThat(cpu.freezesAsConstants()).isTrue();
    assertThat(gpu.freezesAsConstants()).isFalse();
    assertThat(cpu.config().getDeviceCountMap()).containsEntry("GPU", 0);
    assertThat(gpu.config().getGpuOptions().getAllowGrowth()).isTrue();
    assertThat(gpu.config().getGpuOptions().getVisibleDeviceList()).isEqualTo("1");
  }

  @Test
  void randomKey_differsByShardAndUse() {
    assertThat(RandomKey.of(5, 7, 0)).containsExactly(5, 7);
    assertThat(RandomKey.of(5, 7, 1)[1]).isEqualTo(7);
    assertThat(RandomKey.of(5, 7, 1)[0])
        .isNotEqualTo(RandomKey.of(5, 7, 2)[0])
        .isNotEqualTo(RandomKey.of(6, 7, 1)[0])
        .isNotEqualTo(5);
  }
}
