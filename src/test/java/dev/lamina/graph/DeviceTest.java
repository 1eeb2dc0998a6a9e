package dev.lamina.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lamina.graph.Device.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.tensorflow.proto.GPUOptions;
import org.tensorflow.proto.OptimizerOptions.GlobalJitLevel;

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
            "device must be one that TensorFlow can use, got gpu:99; here it can use cpu (a GPU needs a"
                + " build with -Pgpu and CUDA, see 'lamina doctor'; a process that has used one GPU cannot"
                + " use another)");
  }

  @Test
  void several_areOneDevice() {
    Device two = Device.gpus(1, 0);
    assertThat(two.count()).isEqualTo(2);
    assertThat(two.config().getGpuOptions().getVisibleDeviceList()).isEqualTo("1,0");
    assertThat(new Device(Kind.CPU, List.of(0, 1), 1, false).config().getDeviceCountMap())
        .containsEntry("CPU", 2);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Device.gpus(1, 1))
        .withMessage("indices must differ, got [1, 1]");
    assertThatIllegalArgumentException()
        .isThrownBy(Device::gpus)
        .withMessage("indices must name a GPU, got none");
  }

  @Test
  void named_isTheInverseOfItsText() {
    assertThat(Device.named("auto")).isEqualTo(Device.auto());
    assertThat(Device.named("gpu")).isEqualTo(Device.gpu(0));
    for (String name : List.of("cpu", "gpu:0", "gpu:12", "gpu:2,gpu:0")) {
      assertThat(Device.named(name)).hasToString(name);
    }
    for (String name : List.of("", "tpu", "gpu:", "gpu:-1", "cpu,gpu:0", "gpu:0,", "gpu:99999")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Device.named(name))
          .withMessage(
              "device must be auto, cpu, gpu, gpu:1 or several as gpu:0,gpu:1, got " + name);
    }
  }

  @Test
  void decisions_differByKind() {
    Device cpu = Device.cpu();
    Device gpu = Device.gpu(1);
    assertThat(cpu.usesWinograd()).isTrue();
    assertThat(gpu.usesWinograd()).isFalse();
    assertThat(cpu.fusesElementwise()).isTrue();
    assertThat(gpu.fusesElementwise()).isFalse();
    assertThat(cpu.upcastsSlowKernels()).isTrue();
    assertThat(gpu.upcastsSlowKernels()).isFalse();
    assertThat(cpu.rematerializes(Precision.FLOAT32)).isTrue();
    assertThat(cpu.rematerializes(Precision.BFLOAT16)).isFalse();
    assertThat(gpu.rematerializes(Precision.FLOAT32)).isFalse();
    assertThat(gpu.precision()).isEqualTo(Precision.FLOAT16);
    assertThat(cpu.precision())
        .isEqualTo(Processor.THIS.multipliesBfloat16() ? Precision.BFLOAT16 : Precision.FLOAT32);
    assertThat(cpu.evaluationBatch(1000)).isEqualTo(32);
    assertThat(cpu.evaluationBatch(256 << 20)).as("1 GiB of a layer").isEqualTo(4);
    assertThat(cpu.evaluationBatch(1L << 31)).isEqualTo(1);
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
  void memory_growsUpToAFraction() {
    Device gpu = Device.gpu(1);
    assertThat(gpu.config().getGpuOptions().getPerProcessGpuMemoryFraction()).isZero();
    GPUOptions half = gpu.memoryFraction(0.5).config().getGpuOptions();
    assertThat(half.getPerProcessGpuMemoryFraction()).isEqualTo(0.5);
    assertThat(half.getAllowGrowth()).isTrue();
    assertThat(gpu.memoryFraction(0.5)).hasToString("gpu:1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> gpu.memoryFraction(0))
        .withMessage("memoryFraction must be in (0, 1], got 0.0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Device.cpu().memoryFraction(0.5))
        .withMessage("memoryFraction must be that of a GPU, got 0.5 for cpu");
    assertThat(PretendGpu.create().memory()).hasValue(PretendGpu.MEMORY);
    assertThat(Device.cpu().memory().orElseThrow()).isGreaterThan(1L << 28);
  }

  /** TensorFlow would keep the first limit without a word. */
  @Test
  void memoryFraction_isThatOfTheFirstUse() {
    Device half = Device.gpu(6).memoryFraction(0.5);
    PhysicalDevices.pretend(half, 1L << 30);
    PhysicalDevices.pretend(Device.gpu(6), 1L << 30);
    new GraphSession(half).close();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new GraphSession(Device.gpu(6)))
        .withMessage(
            "memoryFraction must be the 0.5 that this process has used gpu:6 with, got 1.0");
  }

  @Test
  void compiled_isForGpus() {
    Device gpu = Device.gpu(1);
    assertThat(level(gpu)).isEqualTo(GlobalJitLevel.DEFAULT);
    assertThat(level(gpu.compiled())).isEqualTo(GlobalJitLevel.ON_2);
    assertThat(gpu.compiled().uncompiled()).isEqualTo(gpu);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Device.cpu().compiled())
        .withMessage("compiled must be a GPU, got cpu: XLA takes twice as long there");
  }

  private static GlobalJitLevel level(Device device) {
    return device.config().getGraphOptions().getOptimizerOptions().getGlobalJitLevel();
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
