/**
 * Image sets in memory or on disk, their readers and downloads, and the order of an epoch.
 * Independent of TensorFlow.
 */
@NullMarked
package dev.lamina.data;

import org.jspecify.annotations.NullMarked;
