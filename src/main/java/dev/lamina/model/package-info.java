/** Networks (values) and models (networks with their weights): summary, prediction, evaluation. */
@NullMarked
package dev.lamina.model;

import org.jspecify.annotations.NullMarked;
