import dev.lamina.format.*;
import dev.lamina.io.LaminaException;
import dev.lamina.zoo.ResNetCifar;
import java.nio.file.*;
import java.util.*;

public class Prefix {
  public static void main(String[] a) {
    Path folder = Path.of(a[0]);
    try (var model = ResNetCifar.builder().width(4).classes(2).imageSize(16, 16).build()) {
      model.saveWeights(folder.resolve("w.safetensors"));
      Safetensors w = Safetensors.read(folder.resolve("w.safetensors"));
      for (String prefix : List.of("module.", "_orig_mod.", "model.")) {
        Map<String, Safetensors.Tensor> tensors = new LinkedHashMap<>();
        w.tensors().forEach((name, t) -> tensors.put(prefix + name, t));
        Path file = folder.resolve("prefixed.safetensors");
        new Safetensors(tensors, Map.of("format", "pt")).write(file);
        try {
          model.loadWeights(file);
          System.out.println("ok " + prefix + " read");
        } catch (LaminaException e) {
          System.out.println((e.getMessage().contains(prefix) ? "ok " : "WRONG ") + prefix + " " + e.getMessage().replace(folder + "/", ""));
        }
      }
    }
  }
}
