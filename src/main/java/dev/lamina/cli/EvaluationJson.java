package dev.lamina.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.Ascii;
import dev.lamina.model.Calibration;
import dev.lamina.model.ClassScores;
import dev.lamina.model.Evaluation;
import dev.lamina.model.Evaluation.Average;

/** An evaluation as JSON. A ratio whose denominator is 0 is null. */
final class EvaluationJson {
  private EvaluationJson() {}

  static ObjectNode of(Evaluation evaluation) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("images", evaluation.count());
    put(json, "loss", evaluation.loss());
    put(json, "accuracy", evaluation.accuracy());
    evaluation.metrics().forEach((name, value) -> put(json, name, value));
    put(json, "expected_calibration_error", evaluation.calibration().expectedError());
    ObjectNode averages = json.putObject("averages");
    for (Average average : Average.values()) {
      scores(averages.putObject(Ascii.toLowerCase(average.name())), evaluation.average(average));
    }
    ArrayNode classes = json.putArray("classes");
    ArrayNode confusion = json.putArray("confusion_matrix");
    int count = evaluation.classNames().size();
    for (int i = 0; i < count; i++) {
      ObjectNode label = classes.addObject().put("name", evaluation.classNames().get(i));
      label.put("images", evaluation.scores(i).support());
      scores(label, evaluation.scores(i));
      ArrayNode row = confusion.addArray();
      for (int j = 0; j < count; j++) {
        row.add(evaluation.confusion(i, j));
      }
    }
    ArrayNode bins = json.putArray("calibration");
    for (Calibration.Bin bin : evaluation.calibration().bins()) {
      ObjectNode object = bins.addObject().put("images", bin.count());
      put(object, "confidence", bin.confidence());
      put(object, "accuracy", bin.accuracy());
    }
    return json;
  }

  private static void scores(ObjectNode json, ClassScores scores) {
    put(json, "precision", scores.precision());
    put(json, "recall", scores.recall());
    put(json, "f1", scores.f1());
  }

  static void put(ObjectNode json, String name, double value) {
    if (Double.isFinite(value)) {
      json.put(name, value);
    } else {
      json.putNull(name);
    }
  }
}
