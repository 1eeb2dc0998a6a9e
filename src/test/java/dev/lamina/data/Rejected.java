package dev.lamina.data;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Checks the whole message of a {@link DataException}. */
final class Rejected {
  private Rejected() {}

  static void with(String message, ThrowingCallable call) {
    assertThatExceptionOfType(DataException.class).isThrownBy(call).withMessage(message);
  }
}
