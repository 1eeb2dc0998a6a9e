package dev.lamina;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import dev.lamina.train.ProgressBar;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The table of packages in docs/architecture.md, held. */
class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.lamina");

  private static final Map<String, Set<String>> MAY_USE = new LinkedHashMap<>();

  static {
    MAY_USE.put("schedule", Set.of());
    MAY_USE.put("data", Set.of());
    MAY_USE.put("graph", Set.of());
    MAY_USE.put("layer", Set.of("graph"));
    MAY_USE.put("augment", Set.of("graph"));
    MAY_USE.put("loss", Set.of("graph"));
    MAY_USE.put("optimizer", Set.of("graph"));
    MAY_USE.put("export", Set.of("data", "graph", "layer"));
    MAY_USE.put("model", Set.of("graph", "layer", "loss", "data", "export"));
    MAY_USE.put("zoo", Set.of("graph", "layer", "model"));
    MAY_USE.put(
        "train",
        Set.of(
            "graph",
            "layer",
            "loss",
            "data",
            "export",
            "model",
            "augment",
            "optimizer",
            "schedule"));
    MAY_USE.put("report", Set.of("data", "schedule", "model", "train"));
    MAY_USE.put("serve", Set.of("data", "graph", "export"));
  }

  static Set<String> packages() {
    return MAY_USE.keySet();
  }

  @ParameterizedTest
  @MethodSource("packages")
  void package_usesOnlyWhatTheTableAllows(String name) {
    Set<String> allowed = MAY_USE.getOrDefault(name, Set.of());
    classes()
        .that()
        .resideInAPackage("dev.lamina." + name)
        .should()
        .onlyDependOnClassesThat(
            describe(
                "are outside Lamina or in " + name + " " + allowed,
                type ->
                    !type.getPackageName().startsWith("dev.lamina")
                        || type.getPackageName().equals("dev.lamina." + name)
                        || allowed.contains(type.getPackageName().replace("dev.lamina.", ""))))
        .check(CLASSES);
  }

  @Test
  void scheduleAndData_knowNoTensorFlow() {
    noClasses()
        .that()
        .resideInAnyPackage("dev.lamina.schedule", "dev.lamina.data")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.tensorflow..")
        .check(CLASSES);
  }

  @Test
  void packages_haveNoCycles() {
    SlicesRuleDefinition.slices()
        .matching("dev.lamina.(*)..")
        .should()
        .beFreeOfCycles()
        .check(CLASSES);
  }

  @Test
  void table_namesEveryPackage() {
    classes()
        .should()
        .resideInAnyPackage(
            java.util.stream.Stream.concat(
                    java.util.stream.Stream.of("dev.lamina", "dev.lamina.cli"),
                    packages().stream().map(name -> "dev.lamina." + name))
                .toArray(String[]::new))
        .check(CLASSES);
  }

  /** The progress bar is what a user asks for in order to see something printed. */
  @Test
  void onlyCli_printsOrExits() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.lamina.cli")
        .and()
        .doNotHaveFullyQualifiedName(ProgressBar.class.getName())
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .orShould()
        .callMethod(System.class, "exit", int.class)
        .orShould()
        .callMethod(Throwable.class, "printStackTrace")
        .orShould()
        .callMethod(PrintStream.class, "println", String.class)
        .check(CLASSES);
  }

  private static DescribedPredicate<JavaClass> describe(
      String text, java.util.function.Predicate<JavaClass> test) {
    return DescribedPredicate.describe(text, test);
  }
}
