package dev.lamina.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.Test;
import org.tensorflow.proto.ConfigProto;

/** In an instance of their own: those of the process are created by the first test. */
class ThreadsTest {
  private final Threads threads = new Threads();
  private final ConfigProto.Builder config = ConfigProto.newBuilder();

  @Test
  void assign_configuresBothPools() {
    threads.assign(3);
    threads.apply(config);
    assertThat(config.getIntraOpParallelismThreads()).isEqualTo(3);
    assertThat(config.getInterOpParallelismThreads()).isEqualTo(3);
  }

  @Test
  void default_isLeftToTensorFlow() {
    threads.apply(config);
    assertThat(config.build()).isEqualTo(ConfigProto.getDefaultInstance());
  }

  @Test
  void assign_rejectsWhatHasNoEffect() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> threads.assign(0))
        .withMessage("count must be positive, got 0");
    threads.apply(config);
    assertThatIllegalStateException()
        .isThrownBy(() -> threads.assign(2))
        .withMessage("threads must be set before the first model is created or loaded");
  }

  @Test
  void set_isRefusedAfterTheFirstSession() {
    new GraphSession(Device.cpu()).close();
    assertThatIllegalStateException().isThrownBy(() -> Threads.set(2));
  }
}
