package dev.lamina.serve;

import java.util.SortedMap;

/**
 * The outputs of a signature for one image.
 *
 * @param outputs the outputs of the whole batch, by name
 * @param index the index of the image in the batch
 */
record BatchRow(SortedMap<String, Output> outputs, int index) {}
