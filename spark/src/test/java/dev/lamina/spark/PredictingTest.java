package dev.lamina.spark;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lamina.io.LaminaException;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

/** What is refused before a model is loaded. */
class PredictingTest {
  @Test
  void columnThatIsAdded_isRefusedInAnyCase() {
    StructType images =
        new StructType().add("path", DataTypes.StringType).add("Label", DataTypes.IntegerType);
    assertThatExceptionOfType(LaminaException.class)
        .isThrownBy(() -> Predicting.of(images, "path", "/export", 1))
        .withMessage("images must have no column label, which is added; rename it");
  }
}
