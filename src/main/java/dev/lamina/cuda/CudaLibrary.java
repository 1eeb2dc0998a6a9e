package dev.lamina.cuda;

/**
 * A library of CUDA 12 or cuDNN 9 that TensorFlow 2.18 opens by name on a GPU. The order is that of
 * loading: each library comes after those that it is linked to.
 */
public enum CudaLibrary {
  CUDA_RUNTIME("libcudart.so.12", Toolkit.CUDA),
  JIT_LINKER("libnvJitLink.so.12", Toolkit.CUDA),
  CUBLAS_LT("libcublasLt.so.12", Toolkit.CUDA),
  CUBLAS("libcublas.so.12", Toolkit.CUDA),
  CUSPARSE("libcusparse.so.12", Toolkit.CUDA),
  CUSOLVER("libcusolver.so.11", Toolkit.CUDA),
  CUFFT("libcufft.so.11", Toolkit.CUDA),
  NVRTC("libnvrtc.so.12", Toolkit.CUDA),
  CUDNN_GRAPH("libcudnn_graph.so.9", Toolkit.CUDNN),
  CUDNN_OPS("libcudnn_ops.so.9", Toolkit.CUDNN),
  CUDNN_CNN("libcudnn_cnn.so.9", Toolkit.CUDNN),
  CUDNN_ADV("libcudnn_adv.so.9", Toolkit.CUDNN),
  CUDNN_HEURISTIC("libcudnn_heuristic.so.9", Toolkit.CUDNN),
  CUDNN_RUNTIME_COMPILED("libcudnn_engines_runtime_compiled.so.9", Toolkit.CUDNN),
  CUDNN_PRECOMPILED("libcudnn_engines_precompiled.so.9", Toolkit.CUDNN),
  CUDNN("libcudnn.so.9", Toolkit.CUDNN);

  /** What a library is installed with. */
  public enum Toolkit {
    /** NVIDIA's CUDA toolkit, version 12. */
    CUDA,
    /** NVIDIA's library for deep learning, version 9. */
    CUDNN
  }

  private final String file;
  private final Toolkit toolkit;

  CudaLibrary(String file, Toolkit toolkit) {
    this.file = file;
    this.toolkit = toolkit;
  }

  /** Returns the name by which TensorFlow opens it: its file name and its soname. */
  public String file() {
    return file;
  }

  /** Returns what it is installed with. */
  public Toolkit toolkit() {
    return toolkit;
  }
}
