package dev.lamina.cli;

import com.sun.management.OperatingSystemMXBean;
import dev.lamina.benchmark.PeakRate;
import dev.lamina.cuda.CudaLibraries;
import dev.lamina.cuda.CudaSearch;
import dev.lamina.cuda.NvidiaDriver;
import dev.lamina.graph.Device;
import dev.lamina.graph.Precision;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.bytedeco.javacpp.Loader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Tells what a machine has for training, and what to do about what is missing. */
@Command(
    name = "doctor",
    description =
        "Prints what this machine has for training: processor, memory, disk, Java, TensorFlow, graphics card, driver"
            + " and CUDA libraries; times a convolution on each device; and says what to do about what is missing.",
    mixinStandardHelpOptions = true,
    footerHeading = Main.EXAMPLES,
    footer = {"  lamina doctor"})
final class DoctorCommand implements Callable<Integer> {
  private static final double MEBI = 1 << 20;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    printSystem();
    CudaSearch search = CudaSearch.create();
    GpuReport gpu =
        new GpuReport(
            System.getProperty("os.arch"),
            CudaLibraries.wanted(),
            NvidiaDriver.find(search.root(), "nvidia-smi"),
            CudaLibraries.found(search));
    gpu.lines().forEach(line -> print("%s", line));
    // Before the rates, which a card that cannot be used may end with an error.
    gpu.advice().forEach(advice -> print("to do: %s", advice));
    printRate(Device.cpu());
    if (!Device.auto().equals(Device.cpu())) {
      printRate(Device.auto());
    }
    return 0;
  }

  private void printSystem() throws IOException {
    Environment.describe().forEach((name, value) -> print("%-17s %s", name, value));
    print("processor         %s", Machine.THIS.processor());
    print("instruction sets  %s", Machine.THIS.instructionSets());
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    print(
        "memory            %s, of which %s are free; Java's heap takes up to %s",
        mebibytes(system.getTotalMemorySize()),
        mebibytes(system.getFreeMemorySize()),
        mebibytes(Runtime.getRuntime().maxMemory()));
    printDisk("disk", Path.of("").toAbsolutePath());
    printDisk("native code", Loader.getCacheDir().toPath());
  }

  private void printDisk(String name, Path folder) {
    // Not by Files.getFileStore, which fails where the table of mounts lacks the folder.
    print("%-17s %s, %s free", name, folder, mebibytes(folder.toFile().getUsableSpace()));
  }

  private void printRate(Device device) {
    Precision precision = device.precision();
    print(
        "convolution       %s, %s: %.1f GFLOP/s",
        device, PrecisionOption.text(precision), PeakRate.convolution(device, precision) / 1e9);
  }

  private static String mebibytes(long bytes) {
    return String.format(Locale.ROOT, "%,.0f MiB", bytes / MEBI);
  }

  private void print(String format, Object... values) {
    TextLines.print(spec.commandLine().getOut(), format, values);
  }
}
