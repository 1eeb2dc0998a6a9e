/**
 * Image sets as bytes in memory or on disk, their readers and downloads, and the order of an epoch.
 * Nothing here knows TensorFlow.
 */
@NullMarked
package dev.lamina.data;

import org.jspecify.annotations.NullMarked;
