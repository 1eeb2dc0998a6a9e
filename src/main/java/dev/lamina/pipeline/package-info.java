/** The input pipeline: image sets, gathering or reading, augmentation, targets. */
@NullMarked
package dev.lamina.pipeline;

import org.jspecify.annotations.NullMarked;
