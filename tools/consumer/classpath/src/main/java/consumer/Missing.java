package consumer;

import dev.lamina.io.LaminaException;
import dev.lamina.report.Plots;
import dev.lamina.schedule.Constant;
import dev.lamina.serve.ModelServer;
import dev.lamina.serve.ServerOptions;
import java.nio.file.Path;

/** Uses what needs optional libraries, without them. */
public final class Missing {
  public static void main(String[] args) {
    show(() -> Plots.writeSchedule(Constant.of(0.1), 10, Path.of("")));
    show(() -> ModelServer.start(Path.of("export"), ServerOptions.create()));
  }

  private static void show(Runnable use) {
    try {
      use.run();
      throw new AssertionError("must need a library");
    } catch (LaminaException e) {
      System.out.println(e.getMessage());
    }
  }
}
