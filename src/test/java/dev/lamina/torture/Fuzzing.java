package dev.lamina.torture;

import static org.junit.platform.engine.discovery.ClassNameFilter.includeClassNamePatterns;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectPackage;
import static org.junit.platform.launcher.EngineFilter.includeEngines;

import dev.lamina.Fuzz;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** Runs all tests that fuzz a reader in their long form; each says its figures itself. */
final class Fuzzing {
  private Fuzzing() {}

  static String run(Limit limit, Path scratch) {
    Launcher launcher = LauncherFactory.create();
    TestPlan readers =
        launcher.discover(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(selectPackage("dev.lamina"))
                .filters(
                    includeClassNamePatterns(".*FuzzTest"),
                    // jqwik would write its database into the working folder.
                    includeEngines("junit-jupiter"))
                .build());
    int count = (int) readers.countTestIdentifiers(TestIdentifier::isTest);
    System.setProperty(Fuzz.LIMIT, limit.share(count).toString());
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    launcher.execute(readers, listener);
    listener
        .getSummary()
        .printFailuresTo(new PrintWriter(System.out, true, StandardCharsets.UTF_8), 20);
    long succeeded = listener.getSummary().getTestsSucceededCount();
    if (succeeded < count) {
      throw new IllegalStateException(
          "%s of %s readers failed".formatted(count - succeeded, count));
    }
    return "%s readers took all that came".formatted(count);
  }
}
