package dev.lamina.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CudaSearchTest {
  @TempDir Path root;

  private Path library(String folder) throws IOException {
    Path file = root.resolve(folder).resolve(CudaLibrary.CUDNN.file());
    Files.createDirectories(file.getParent());
    return Files.createFile(file);
  }

  @Test
  void folders_inOrder() throws IOException {
    Path system = library("usr/lib/x86_64-linux-gnu");
    CudaSearch bare = new CudaSearch(Map.of(), root);
    assertThat(bare.find(CudaLibrary.CUDNN)).contains(system);
    assertThat(bare.find(CudaLibrary.CUDA_RUNTIME)).isEmpty();

    Path home = library("me/.local/lib/python3.11/site-packages/nvidia/cudnn/lib");
    Map<String, String> withHome = Map.of("HOME", root.resolve("me").toString());
    assertThat(new CudaSearch(withHome, root).find(CudaLibrary.CUDNN)).contains(home);

    Path older = library("usr/local/cuda-12.2/lib64");
    assertThat(new CudaSearch(withHome, root).find(CudaLibrary.CUDNN)).contains(older);
    Path newer = library("usr/local/cuda-12.6/targets/x86_64-linux/lib");
    assertThat(new CudaSearch(withHome, root).find(CudaLibrary.CUDNN)).contains(newer);
    Path chosen = library("usr/local/cuda/lib64");
    assertThat(new CudaSearch(withHome, root).find(CudaLibrary.CUDNN)).contains(chosen);

    Path first = library("first");
    Map<String, String> path =
        Map.of("LD_LIBRARY_PATH", ":" + root.resolve("none") + ":" + root.resolve("first"));
    assertThat(new CudaSearch(path, root).find(CudaLibrary.CUDNN)).contains(first);
  }

  @Test
  void virtualEnvironment() throws IOException {
    Path file = library("venv/lib/python3.9/site-packages/nvidia/cudnn/lib");
    Map<String, String> environment = Map.of("VIRTUAL_ENV", root.resolve("venv").toString());
    assertThat(new CudaSearch(environment, root).find(CudaLibrary.CUDNN)).contains(file);
    Path newer = library("venv/lib/python3.12/site-packages/nvidia/cudnn/lib");
    assertThat(new CudaSearch(environment, root).find(CudaLibrary.CUDNN)).contains(newer);
  }
}
