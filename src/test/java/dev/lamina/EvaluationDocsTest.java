package dev.lamina;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lamina.data.ImageData;
import dev.lamina.data.ImageSet;
import dev.lamina.layer.Conv2d;
import dev.lamina.layer.Dense;
import dev.lamina.layer.GlobalAveragePool;
import dev.lamina.metric.TopK;
import dev.lamina.model.ClassScores;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Evaluation.Average;
import dev.lamina.model.GradCam;
import dev.lamina.model.Mistake;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import dev.lamina.report.EvaluationPictures;
import dev.lamina.report.HeatMaps;
import dev.lamina.report.HistoryCsv;
import dev.lamina.report.RunReport;
import dev.lamina.train.History;
import dev.lamina.train.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java code of docs/evaluation.md, run. */
class EvaluationDocsTest {
  @TempDir private Path folder;

  @Test
  void code_runs() throws IOException {
    ImageData all = ImageData.embedded();
    ImageSet some = all.test().subset(IntStream.range(0, 40).toArray());
    ImageData data = new ImageData(some, some);
    Network network =
        Network.input(some.height(), some.width(), some.channels())
            .then(Conv2d.of(3, 3).stride(2), GlobalAveragePool.create(), Dense.of(10));
    try (Model model = Model.of(network)) {
      History history = Trainer.builder().epochs(1).build().fit(model, data.train());
      // region evaluate
      Evaluation test = model.evaluate(data.test(), TopK.of(5));
      System.out.println(test.accuracy() + ", top 5: " + test.metrics().get("top_5_accuracy"));
      ClassScores first = test.scores(0);
      System.out.println(first.precision() + " " + first.recall() + " of " + first.support());
      System.out.println(test.average(Average.MACRO).f1());
      System.out.println(test.calibration().expectedError());
      for (Mistake mistake : test.mistakes()) { // the most confident first
        System.out.println(mistake.index() + ": " + mistake.probability());
      }
      EvaluationPictures.write(test, data.test(), folder);
      // endregion
      assertThat(folder.resolve(EvaluationPictures.CONFUSION)).exists();
      Path photo = folder.resolve("photo.png");
      ImageIO.write(some.toBufferedImage(0), "png", photo.toFile());
      // region explain
      try (GradCam gradCam = GradCam.of(model)) {
        GradCam.Explanation explanation = gradCam.explain(photo);
        System.out.println(explanation.predicted());
        HeatMaps.write(explanation, folder.resolve("explained.png"));
      }
      // endregion
      assertThat(folder.resolve("explained.png")).exists();
      // region report
      Path csv = folder.resolve("history.csv");
      HistoryCsv.write(history, csv);
      RunReport.of("my run", HistoryCsv.read(csv))
          .evaluation(test)
          .pictures(folder) // those of EvaluationPictures
          .summary(model.summary())
          .write(folder.resolve("report.html"));
      // endregion
      assertThat(folder.resolve("report.html"))
          .content()
          .contains("my run", "<h2>Calibration</h2>");
    }
  }
}
