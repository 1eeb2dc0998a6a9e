package dev.lamina.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Names for classes, with shapes as an example. */
class RegistryTest {
  interface Shape {}

  record Circle(double radius, String colour) implements Shape {
    Circle {
      if (radius <= 0) {
        throw new IllegalArgumentException("radius must be positive, got " + radius);
      }
    }
  }

  record Group(List<Shape> parts) implements Shape {}

  enum Unit implements Shape {
    SQUARE,
    TRIANGLE {
      @Override
      public String toString() {
        return "three corners";
      }
    }
  }

  record Unknown() implements Shape {}

  private final Registry<Shape> shapes = Registry.of("shape", "Shapes.REGISTRY");

  RegistryTest() {
    shapes
        .register(
            "Circle",
            Circle.class,
            x -> Options.none().with("radius", x.radius()).with("colour", x.colour()),
            o ->
                new Circle(
                    o.getDouble("radius"), o.has("colour") ? o.getString("colour") : "black"))
        .register(
            "Group",
            Group.class,
            x -> Options.none().with("parts", x.parts().stream().map(shapes::write).toList()),
            o -> new Group(o.getOptionsList("parts").stream().map(shapes::read).toList()))
        .register(
            "Unit",
            Unit.class,
            x -> Options.none().with("shape", x),
            o -> o.getEnum("shape", Unit.class));
  }

  private static Options circle(Object radius) {
    return Options.none().with("kind", "Circle").with("radius", radius);
  }

  private void refuses(Options options, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> shapes.read(options))
        .withMessage(message);
  }

  @Test
  void value_isReadBack() {
    Shape group = new Group(List.of(new Circle(2, "red"), Unit.TRIANGLE, new Group(List.of())));
    assertThat(shapes.read(shapes.write(group))).isEqualTo(group);
    assertThat(shapes.write(new Circle(2, "red")).values())
        .containsExactly(
            java.util.Map.entry("kind", "Circle"),
            java.util.Map.entry("radius", 2.0),
            java.util.Map.entry("colour", "red"));
    assertThat(shapes.write(Unit.TRIANGLE).values()).containsEntry("shape", "TRIANGLE");
  }

  @Test
  void missingOption_takesTheDefaultOfTheClass() {
    assertThat(shapes.read(circle(2))).isEqualTo(new Circle(2, "black"));
  }

  @Test
  void names_areSorted_andThoseOfValues() {
    assertThat(shapes.names()).containsExactly("Circle", "Group", "Unit");
    assertThat(shapes.name(Unit.SQUARE)).hasValue("Unit");
    assertThat(shapes.name(new Unknown())).isEmpty();
  }

  @Test
  void wrongOptions_areNamedWithTheirOwner() {
    refuses(Options.none(), "shape lacks the option \"kind\"");
    refuses(circle("wide"), "radius of shape (Circle) must be a number, got \"wide\"");
    refuses(circle(0), "shape (Circle): radius must be positive, got 0.0");
    refuses(
        circle(1).with("color", "red"),
        "shape (Circle) has no option \"color\"; did you mean \"colour\"?");
    refuses(
        circle(1).with("color", "red").written(),
        "shape (Circle) has no option \"color\"; use the Lamina that wrote it, or remove the"
            + " option; did you mean \"colour\"?");
    refuses(
        Options.none().with("kind", "Unit").with("shape", "OVAL"),
        "shape of shape (Unit) must be one of SQUARE, TRIANGLE, got \"OVAL\"");
  }

  @Test
  void wrongOption_ofAPart_isNamedByItsPath() {
    Options inner = Options.none().with("kind", "Group").with("parts", List.of(circle(-1)));
    Options outer = Options.none().with("kind", "Group").with("parts", List.of(circle(1), inner));
    refuses(outer, "shape \"1.0\" (Circle): radius must be positive, got -1.0");
    refuses(
        Options.none().with("kind", "Group").with("parts", 3),
        "parts of shape (Group) must be a list of objects, got 3");
  }

  @Test
  void unregistered_isNamedWithWhatToDo() {
    assertThatExceptionOfType(UnregisteredException.class)
        .isThrownBy(() -> shapes.read(Options.none().with("kind", "Cricle")))
        .withMessage(
            "shape is of the kind \"Cricle\", which is not registered; call"
                + " Shapes.REGISTRY.register(\"Cricle\", ...) first; did you mean \"Circle\"?");
    assertThatExceptionOfType(UnregisteredException.class)
        .isThrownBy(() -> shapes.write(new Unknown()))
        .withMessage(
            "shape of class dev.lamina.registry.RegistryTest$Unknown is not registered; call"
                + " Shapes.REGISTRY.register(\"Unknown\", ...) first");
  }

  @Test
  void register_twice_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> shapes.register("Circle", Unknown.class, x -> Options.none(), o -> new Unknown()))
        .withMessage(
            "name of a shape must not be registered twice, got \"Circle\"; choose another");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                shapes.register("Round", Circle.class, x -> Options.none(), o -> new Circle(1, "")))
        .withMessage(
            "class of a shape must not be registered twice, got"
                + " dev.lamina.registry.RegistryTest$Circle, which is \"Circle\"");
    assertThat(shapes.names()).containsExactly("Circle", "Group", "Unit");
  }

  @Test
  void writer_mayNotTakeTheNameOfTheKind() {
    shapes.register(
        "Unknown", Unknown.class, x -> Options.none().with("kind", 1), o -> new Unknown());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> shapes.write(new Unknown()))
        .withMessage("option of shape must not be called \"kind\"");
  }

  @Test
  void nameTable_answersWithTheNearestNames() {
    NameTable<Integer> table = NameTable.of("network");
    table.add("resnet-cifar", 1);
    table.add("resnet18", 2);
    table.add("vgg", 3);
    assertThat(table.get("vgg")).isEqualTo(3);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> table.get("resnet-cifr"))
        .withMessage(
            "network must be one of resnet-cifar, resnet18, vgg, got \"resnet-cifr\"; did you mean"
                + " \"resnet-cifar\"?");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> table.get("transformer"))
        .withMessage("network must be one of resnet-cifar, resnet18, vgg, got \"transformer\"");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> table.add(" ", 1))
        .withMessage("name of a network must not be empty");
  }
}
