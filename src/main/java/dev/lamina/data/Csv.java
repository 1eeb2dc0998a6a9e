package dev.lamina.data;

import dev.lamina.io.LaminaException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads comma-separated values (RFC 4180) in UTF-8, with or without a byte order mark. Spaces
 * around a value and empty lines are ignored.
 */
final class Csv {
  /**
   * A row.
   *
   * @param line the number of its first line, from 1
   */
  record Row(int line, List<String> values) {}

  private final Path file;
  private final String text;
  private int at;
  private int line = 1;

  private Csv(Path file, String text) {
    this.file = file;
    this.text = text;
  }

  /**
   * Reads the first rows of a file.
   *
   * @throws LaminaException if it cannot be read, is not UTF-8, or a quotation mark is not closed
   */
  static List<Row> read(Path file, int limit) {
    try {
      String text = Files.readString(file);
      return new Csv(file, text.startsWith("\uFEFF") ? text.substring(1) : text).rows(limit);
    } catch (CharacterCodingException e) {
      throw new LaminaException(file + " is not text in UTF-8; save it as UTF-8", e);
    } catch (IOException e) {
      throw new LaminaException(file + " cannot be read (" + e + "); check its permissions", e);
    }
  }

  private List<Row> rows(int limit) {
    List<Row> rows = new ArrayList<>();
    while (at < text.length() && rows.size() < limit) {
      Row row = row();
      if (!row.values().equals(List.of(""))) {
        rows.add(row);
      }
    }
    return rows;
  }

  private Row row() {
    int first = line;
    List<String> values = new ArrayList<>(List.of(value()));
    while (at < text.length() && text.charAt(at) == ',') {
      at++;
      values.add(value());
    }
    if (at < text.length() && text.charAt(at) == '\r') {
      at++;
    }
    if (at < text.length() && text.charAt(at) == '\n') {
      at++;
    }
    line++;
    return new Row(first, values);
  }

  private String value() {
    while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\t')) {
      at++;
    }
    String quoted = at < text.length() && text.charAt(at) == '"' ? quoted() : "";
    int start = at;
    while (at < text.length() && ",\r\n".indexOf(text.charAt(at)) < 0) {
      at++;
    }
    return quoted + text.substring(start, at).strip();
  }

  /** Reads up to the closing quotation mark; two of them stand for one. */
  private String quoted() {
    int first = line;
    StringBuilder value = new StringBuilder();
    for (at++; at < text.length(); at++) {
      char next = text.charAt(at);
      if (next == '"') {
        at++;
        if (at == text.length() || text.charAt(at) != '"') {
          return value.toString();
        }
      } else if (next == '\n') {
        line++;
      }
      value.append(next);
    }
    throw new LaminaException(
        file + " has a quotation mark in line " + first + " that is not closed; close it");
  }
}
