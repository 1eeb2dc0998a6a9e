package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lamina.io.LaminaException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Checks the whole message of a {@link LaminaException}. */
public final class Rejected {
  private Rejected() {}

  public static void with(String message, ThrowingCallable call) {
    assertThatExceptionOfType(LaminaException.class).isThrownBy(call).withMessage(message);
  }
}
