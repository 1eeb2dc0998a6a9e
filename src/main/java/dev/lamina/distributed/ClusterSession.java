package dev.lamina.distributed;

import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewGraph;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_SetConfig;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_SetTarget;

import dev.lamina.io.LaminaException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InaccessibleObjectException;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.TensorFlow;
import org.tensorflow.internal.c_api.TF_Graph;
import org.tensorflow.internal.c_api.TF_Session;
import org.tensorflow.internal.c_api.TF_SessionOptions;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.proto.ConfigProto;

/**
 * A session that a server runs, and its graph. The C API has sessions with a target; TensorFlow
 * Java makes none, but its classes have constructors for native objects, which are not public.
 *
 * @param graph the graph, empty
 * @param session the session
 */
public record ClusterSession(Graph graph, Session session) {
  /**
   * Creates the session.
   *
   * @param target the server: {@code grpc://host:port}
   */
  @SuppressWarnings("try") // The scope frees what is made in it and not retained.
  static ClusterSession of(String target, ConfigProto config) {
    TensorFlow.version(); // Loads the native library.
    byte[] bytes = config.toByteArray();
    try (PointerScope scope = new PointerScope()) {
      TF_Status status = TF_Status.newStatus();
      TF_SessionOptions options = TF_SessionOptions.newSessionOptions();
      TF_SetTarget(options, target);
      TF_SetConfig(options, new BytePointer(bytes), bytes.length, status);
      status.throwExceptionIfNotOK();
      // Graph frees it, so nothing else may.
      TF_Graph nativeGraph = TF_NewGraph();
      TF_Session nativeSession = TF_Session.newSession(nativeGraph, options, status);
      status.throwExceptionIfNotOK();
      Graph graph = create(Graph.class, new Class<?>[] {TF_Graph.class}, nativeGraph);
      Session session =
          create(
              Session.class, new Class<?>[] {Graph.class, TF_Session.class}, graph, nativeSession);
      nativeSession.retainReference();
      return new ClusterSession(graph, session);
    }
  }

  private static <T> T create(Class<T> type, Class<?>[] parameters, Object... arguments) {
    try {
      Constructor<T> constructor = type.getDeclaredConstructor(parameters);
      constructor.setAccessible(true);
      return constructor.newInstance(arguments);
    } catch (InaccessibleObjectException e) {
      throw new LaminaException(
          "several workers need a constructor that module tensorflow hides; start Java with"
              + " --add-opens tensorflow/org.tensorflow=dev.lamina",
          e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " has no constructor for a native object", e);
    }
  }
}
