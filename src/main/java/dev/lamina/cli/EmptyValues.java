package dev.lamina.cli;

import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Nobody means an empty value: it is that of a variable of a script that is not set. */
final class EmptyValues {
  private EmptyValues() {}

  /** Refuses empty values of the options and parameters of a command and its subcommands. */
  static void refuse(ParseResult result) {
    for (ParseResult one = result; one != null; one = one.subcommand()) {
      for (ArgSpec arg : one.matchedArgs()) {
        String empty = arg.splitRegex().isEmpty() ? "\\s*" : "[\\s,]*";
        if (arg.arity().max() > 0
            && arg.originalStringValues().stream().anyMatch(word -> word.matches(empty))) {
          throw new ParameterException(
              one.commandSpec().commandLine(),
              "%s must not be empty, got \"%s\""
                  .formatted(
                      arg instanceof OptionSpec option ? option.longestName() : arg.paramLabel(),
                      String.join(" ", arg.originalStringValues())));
        }
      }
    }
  }
}
