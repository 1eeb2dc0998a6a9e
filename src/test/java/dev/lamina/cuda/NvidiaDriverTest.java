package dev.lamina.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class NvidiaDriverTest {
  @TempDir Path root;

  private void version(String line) throws IOException {
    Path folder = Files.createDirectories(root.resolve("proc/driver/nvidia"));
    Files.writeString(folder.resolve("version"), line + "\nGCC version:  gcc version 12.2.0\n");
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  @Timeout(30)
  void programThatHangs_isGivenUp() throws IOException {
    Path program = root.resolve("nvidia-smi");
    Files.writeString(program, "#!/bin/sh\nexec sleep 100\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    assertThat(NvidiaDriver.output(program.toString(), 1)).isEmpty();
  }

  @Test
  void none() {
    assertThat(NvidiaDriver.find(root, "nvidia-smi")).isEmpty();
  }

  @Test
  void version_bothForms() throws IOException {
    version(
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.57.02  Tue Jul 13 16:14:05 UTC 2021");
    NvidiaDriver driver = NvidiaDriver.find(root, "no-such-program").orElseThrow();
    assertThat(driver.version()).isEqualTo("470.57.02");
    assertThat(driver.cards()).isEmpty();
    assertThat(driver.isTooOld()).isTrue();
    version("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build");
    NvidiaDriver open = NvidiaDriver.find(root, "no-such-program").orElseThrow();
    assertThat(open.version()).isEqualTo("580.65.06");
    assertThat(open.isTooOld()).isFalse();
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void cards() throws IOException {
    Path program = root.resolve("nvidia-smi");
    Files.writeString(
        program,
        """
        #!/bin/sh
        test "$*" = "--query-gpu=name,compute_cap,memory.total,driver_version --format=csv,noheader" || exit 1
        echo 'NVIDIA H200, 9.0, 143771 MiB, 550.54.15'
        echo 'NVIDIA B200, 10.0, 183359 MiB, 550.54.15'
        """);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    // As on WSL, which has no kernel module.
    NvidiaDriver driver = NvidiaDriver.find(root, program.toString()).orElseThrow();
    assertThat(driver.version()).isEqualTo("550.54.15");
    version("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.129.03");
    assertThat(NvidiaDriver.find(root, program.toString()))
        .contains(new NvidiaDriver("535.129.03", driver.cards()));
    assertThat(driver.cards())
        .containsExactly(
            new NvidiaDriver.Card("NVIDIA H200", "9.0", "143771 MiB"),
            new NvidiaDriver.Card("NVIDIA B200", "10.0", "183359 MiB"));
    assertThat(driver.cards().get(0).isTooNew()).isFalse();
    assertThat(driver.cards().get(1).isTooNew()).isTrue();
  }
}
