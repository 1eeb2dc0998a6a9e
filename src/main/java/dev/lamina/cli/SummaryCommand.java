package dev.lamina.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lamina.graph.Device;
import dev.lamina.graph.Parameter;
import dev.lamina.graph.Role;
import dev.lamina.layer.Layers;
import dev.lamina.layer.Layers.LayerNode;
import dev.lamina.model.Model;
import dev.lamina.network.Network;
import java.util.Collection;
import java.util.concurrent.Callable;
import org.tensorflow.ndarray.Shape;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints the table of a network's layers. */
@Command(
    name = "summary",
    description =
        "Prints the layers of the network of a run or an export, or of one of the zoo with --network or --width.",
    mixinStandardHelpOptions = true,
    footerHeading = Main.EXAMPLES,
    footer = {"  lamina summary --network resnet18", "  lamina summary --run export/1 --json"})
final class SummaryCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private ModelOption trained = new ModelOption();

  @Mixin private NetworkOption network = new NetworkOption();

  @Option(names = "--json", description = "print one JSON object instead of the table")
  private boolean json;

  @Override
  public Integer call() {
    if (spec.commandLine().getParseResult().hasMatchedOption("--run")) {
      StartOption.refuseWith(spec, "--run", "--width", "--network");
    }
    try (Model model =
        ofZoo() ? network.builder().device(Device.cpu()).build() : trained.load(Device.cpu())) {
      Network built = model.network();
      String text = json ? json(built) + "\n" : built.summary(TerminalWidth.limit());
      spec.commandLine().getOut().print(text);
      spec.commandLine().getOut().flush();
    }
    return 0;
  }

  private boolean ofZoo() {
    return spec.commandLine().getParseResult().hasMatchedOption("--network")
        || network.width != null;
  }

  private static ObjectNode json(Network network) {
    ObjectNode json = JsonNodeFactory.instance.objectNode().put("network", network.name());
    put(json.putArray("input"), network.inputShape());
    ArrayNode layers = json.putArray("layers");
    for (LayerNode node : Layers.nodes(network.body(), network.inputShape())) {
      ObjectNode layer = layers.addObject().put("name", node.path());
      layer.put("kind", node.layer().kind());
      put(layer.putArray("output"), node.output());
      putSizes(layer, node.parameters()).put("macs", node.macs());
    }
    return putSizes(json, network.parameters().values()).put("macs", network.macs());
  }

  private static void put(ArrayNode array, Shape shape) {
    for (long size : shape.asArray()) {
      array.add(size);
    }
  }

  private static ObjectNode putSizes(ObjectNode json, Collection<Parameter> parameters) {
    return json.put("parameters", Parameter.size(parameters, Role::trainable))
        .put("running_statistics", Parameter.size(parameters, Role.STATISTIC::equals));
  }
}
