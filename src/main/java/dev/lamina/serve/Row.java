package dev.lamina.serve;

import java.util.SortedMap;

/**
 * What a signature gives for one image.
 *
 * @param outputs those of the whole batch, by name
 * @param index the image's place in the batch
 */
record Row(SortedMap<String, Output> outputs, int index) {}
