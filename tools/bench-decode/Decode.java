import dev.lamina.data.Images;
import dev.lamina.data.Preprocessing;
import dev.lamina.data.Resize;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Reads lines of tab-separated paths, decodes and resizes the images, and answers with wall and CPU seconds. */
public class Decode {
  public static void main(String[] arguments) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(Integer.parseInt(arguments[0]));
    Preprocessing cover = Preprocessing.of(Resize.cover(Integer.parseInt(arguments[1])));
    var process = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      long cpu = process.getProcessCpuTime();
      long wall = System.nanoTime();
      List<Future<byte[]>> images = new ArrayList<>();
      for (String path : line.split("\t")) {
        images.add(threads.submit(() -> Images.read(Path.of(path), cover)));
      }
      long sum = 0;
      for (Future<byte[]> image : images) {
        for (byte value : image.get()) {
          sum += value & 0xff;
        }
      }
      double seconds = (System.nanoTime() - wall) / 1e9;
      System.out.println(seconds + " " + (process.getProcessCpuTime() - cpu) / 1e9 + " " + sum);
    }
    threads.shutdown();
  }
}
