package dev.lamina.examples;

import dev.lamina.train.Callback;
import dev.lamina.train.CallbackState;
import dev.lamina.train.RunHandle;
import dev.lamina.train.StepEvent;

/**
 * Halves the learning rate if the training loss of the epoch has grown since the last look.
 *
 * @param every the steps between two looks
 */
record LossGuard(int every) implements Callback {
  @Override
  public void onStep(StepEvent event, RunHandle run) {
    if ((event.step() + 1) % every == 0) {
      CallbackState state = run.state(name());
      double loss = run.metrics().loss();
      if (loss > state.get("loss", Double.MAX_VALUE)) {
        run.scaleLearningRate(0.5);
      }
      state.put("loss", loss);
    }
  }
}
