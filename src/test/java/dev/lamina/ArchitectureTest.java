package dev.lamina;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Splitter;
import com.google.common.collect.Sets;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import dev.lamina.train.ProgressBar;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.proto.ConfigProto;

/** The table of packages in docs/architecture.md, held. */
class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.lamina");

  private static final Pattern ROW =
      Pattern.compile("\\| `(\\w+)` \\|[^|]*\\|([^|]*)\\|([^|]*)\\|");

  /** The packages for users. */
  private static final Set<String> API = new TreeSet<>();

  /** What each package may use, in the order of the table. */
  private static final Map<String, Set<String>> MAY_USE = table();

  private static Map<String, Set<String>> table() {
    Map<String, Set<String>> rows = new LinkedHashMap<>();
    try {
      for (String line : Files.readAllLines(Path.of("docs/architecture.md"))) {
        Matcher row = ROW.matcher(line);
        if (row.matches()) {
          rows.put(row.group(1), used(row.group(3).strip(), rows.keySet()));
          if (row.group(2).strip().equals("yes")) {
            API.add("dev.lamina." + row.group(1));
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return rows;
  }

  /** A list, "all" of the rows above, or "all but" a list. */
  private static Set<String> used(String cell, Set<String> above) {
    if (!cell.startsWith("all")) {
      return split(cell);
    }
    Set<String> excluded = split(cell.substring(3).replaceFirst("^ but ", ""));
    assertThat(above).containsAll(excluded);
    return Set.copyOf(Sets.difference(above, excluded));
  }

  private static Set<String> split(String list) {
    return Set.copyOf(Splitter.on(',').trimResults().omitEmptyStrings().splitToList(list));
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

  /** So the table says what is public, and javac lets nothing else leak into its signatures. */
  @Test
  void module_exportsWhatTheTableSays() throws IOException {
    try (InputStream stream = Files.newInputStream(Path.of("target/classes/module-info.class"))) {
      assertThat(ModuleDescriptor.read(stream).exports())
          .allMatch(exports -> !exports.isQualified())
          .extracting(ModuleDescriptor.Exports::source)
          .containsExactlyInAnyOrderElementsOf(API);
    }
  }

  @Test
  void examples_useOnlyTheApi() {
    noClasses()
        .should()
        .dependOnClassesThat(
            describe(
                "are internal",
                type ->
                    type.getPackageName().startsWith("dev.lamina.")
                        && !type.getPackageName().equals("dev.lamina.examples")
                        && !API.contains(type.getPackageName())))
        .check(new ClassFileImporter().importPackages("dev.lamina.examples"));
  }

  /** Applications do not have these libraries; what needs them says so in one line. */
  @Test
  void optionalLibraries_areUsedOnlyByWhatNeedsThem() {
    noClasses()
        .that()
        .resideOutsideOfPackages("dev.lamina.cli", "dev.lamina.serve")
        .and()
        .doNotHaveFullyQualifiedName("dev.lamina.report.Charts")
        .and()
        .doNotHaveFullyQualifiedName(ProgressBar.class.getName() + "$Bar")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "picocli..",
            "com.fasterxml.jackson.dataformat..",
            "org.jline..",
            "org.eclipse.jetty..",
            "io.prometheus..",
            "com.google.protobuf.util..",
            "me.tongfei..",
            "org.knowm..")
        .check(CLASSES);
  }

  @Test
  void table_listsAPackageOnlyBelowThoseItUses() {
    List<String> above = new ArrayList<>();
    MAY_USE.forEach(
        (name, used) -> {
          assertThat(above).as("what %s may use", name).containsAll(used);
          above.add(name);
        });
    assertThat(above).hasSizeGreaterThan(15);
  }

  @Test
  void scheduleAndData_knowNoTensorFlow() {
    noClasses()
        .that()
        .resideInAnyPackage("dev.lamina.schedule", "dev.lamina.data", "dev.lamina.io")
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
                    java.util.stream.Stream.of("dev.lamina"),
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

  /** TensorFlow maps its GPUs in the first session of a process, and refuses another mapping. */
  @Test
  void onlyDevices_configureSessions() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.lamina.graph")
        .should()
        .callMethod(ConfigProto.class, "newBuilder")
        .check(CLASSES);
  }

  private static DescribedPredicate<JavaClass> describe(
      String text, java.util.function.Predicate<JavaClass> test) {
    return DescribedPredicate.describe(text, test);
  }
}
