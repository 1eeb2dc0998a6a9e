/**
 * Convolutional image classifiers on TensorFlow Java. The exported packages are the public API; see
 * {@code docs/dependency.md}.
 */
module dev.lamina {
  // What signatures of the exported packages mention.
  requires transitive com.google.common;
  requires transitive java.desktop;
  requires transitive tensorflow;
  requires transitive tensorflow.framework;
  requires transitive org.tribuo.util.onnx;
  requires static transitive org.jspecify;
  requires com.fasterxml.jackson.databind;
  requires static com.google.errorprone.annotations;
  requires com.google.protobuf;
  requires com.twelvemonkeys.imageio.webp;
  requires java.net.http;
  requires jdk.management;
  requires org.apache.commons.compress;
  requires org.slf4j;

  // Optional libraries; see docs/dependency.md.
  requires static com.fasterxml.jackson.dataformat.yaml;
  requires static com.google.protobuf.util;
  requires static info.picocli;
  requires static io.prometheus.metrics.config;
  requires static io.prometheus.metrics.core;
  requires static io.prometheus.metrics.model;
  requires static io.prometheus.writer.text;
  requires static me.tongfei.progressbar;
  requires static org.eclipse.jetty.http;
  requires static org.eclipse.jetty.server;
  requires static org.jline.terminal;
  requires static org.knowm.xchart;

  exports dev.lamina.augment;
  exports dev.lamina.data;
  exports dev.lamina.distributed;
  exports dev.lamina.format;
  exports dev.lamina.graph;
  exports dev.lamina.io;
  exports dev.lamina.layer;
  exports dev.lamina.loss;
  exports dev.lamina.metric;
  exports dev.lamina.model;
  exports dev.lamina.network;
  exports dev.lamina.optimizer;
  exports dev.lamina.registry;
  exports dev.lamina.report;
  exports dev.lamina.schedule;
  exports dev.lamina.serve;
  exports dev.lamina.step;
  exports dev.lamina.train;
  exports dev.lamina.zoo;

  opens dev.lamina.cli to
      com.fasterxml.jackson.databind,
      info.picocli;
}
