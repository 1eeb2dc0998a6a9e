"""Makes the wide golden set: what PyTorch computes with a network whose layers train in Winograd's form.

Everything is computed in float64 and stored as float32. The gradients of a whole network hang on the
sign of every ReLU's input, so images are rejected until none of those inputs lies near zero: else a
float32 program that is right could round one of them to the other sign.
"""

import argparse
import copy
import json
import pathlib

import numpy
import torch
from safetensors.torch import save
from torch import nn

# The least distance from zero of a ReLU's input, in standard deviations of all inputs of that ReLU.
MARGIN = 1e-4
MEAN = [0.492, 0.482, 0.447]
DEVIATION = [0.247, 0.243, 0.262]
MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4
LEARNING_RATES = [0.01, 0.02, 0.03, 0.02, 0.01]


def convolution(inside, outside):
    return [nn.Conv2d(inside, outside, 3, padding=1), nn.BatchNorm2d(outside)]


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.main = nn.Sequential(*convolution(width, width), nn.ReLU(), *convolution(width, width))
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.main(x) + x)


class Wide(nn.Module):
    """Images uint8 [N, 3, height, width] to logits [N, classes]."""

    def __init__(self, width, blocks, classes):
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN, dtype=torch.float64).view(-1, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION, dtype=torch.float64).view(-1, 1, 1), persistent=False)
        self.conv1 = nn.Sequential(*convolution(3, width), nn.ReLU())
        self.layer1 = nn.Sequential(*(Residual(width) for _ in range(blocks)))
        self.classifier = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))

    def forward(self, images):
        x = (images.to(self.mean.dtype) / 255 - self.mean) / self.deviation
        return self.classifier(self.layer1(self.conv1(x)))


def initialise(network, random):
    """Weights that float32 holds exactly; batch norm's are not at their defaults, so that each one matters."""
    for name, value in network.state_dict().items():
        if value.dtype != torch.float64:
            continue
        kernel = network.state_dict().get(name.replace("bias", "weight"), value)
        if name.endswith("running_mean"):
            low, high = -0.2, 0.2
        elif name.endswith("running_var"):
            low, high = 0.5, 1.5
        elif kernel.dim() > 1:
            high = kernel[0].numel() ** -0.5
            low = -high
        elif name.endswith("weight"):
            low, high = 0.5, 1.5
        else:
            low, high = -0.5, 0.5
        value.copy_(torch.from_numpy(random.uniform(low, high, tuple(value.shape)).astype(numpy.float32)))


def draw(random, count, height, width):
    """Noise around a colour for each image."""
    colour = random.normal(0, 40, (count, 3, 1, 1))
    noise = random.normal(0, 50, (count, 3, height, width))
    return torch.from_numpy(numpy.clip(numpy.rint(128 + colour + noise), 0, 255).astype(numpy.uint8))


class TooNear(Exception):
    """Says which images of a batch hold an input of a ReLU that is too near to zero."""


def distances(network, images, least=0.0):
    """The smallest distance from zero of every ReLU's input, in training mode, in spreads of that ReLU."""
    smallest = {}
    network = copy.deepcopy(network).train()

    def look(name):
        def hook(module, inputs):
            relative = inputs[0].abs() / inputs[0].std()
            near = (relative < least).flatten(1).any(1)
            if near.any():
                raise TooNear(near)
            smallest[name] = relative.min().item()

        return hook

    for name, module in network.named_modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_pre_hook(look(name))
    with torch.no_grad():
        network(images)
    return smallest


def select(network, random, count, height, width):
    """A batch without an input of a ReLU near zero, and how many images were rejected for it."""
    images = draw(random, count, height, width)
    rejected = 0
    while True:
        try:
            distances(network, images, MARGIN)
            return images, rejected
        except TooNear as found:
            (near,) = found.args
            images[near] = draw(random, int(near.sum()), height, width)
            rejected += int(near.sum())


def check(network, images):
    """Asserts the margin of every ReLU for these images, and gives the smallest distance of each."""
    found = distances(network, images)
    relus = [name for name, module in network.named_modules() if isinstance(module, nn.ReLU)]
    assert sorted(found) == sorted(relus), (found, relus)
    for name, distance in found.items():
        assert distance >= MARGIN, f"an input of {name} is {distance} spreads from zero"
    return found


def values(network):
    return {name: value.clone() for name, value in network.state_dict().items() if value.is_floating_point()}


def forward_backward(network, images, labels):
    """What one pass gives, by the names under which it is stored."""
    network = copy.deepcopy(network)
    with torch.no_grad():
        result = {"logits_eval": network.eval()(images)}
    network.train()
    hooks = []
    for name, module in network.named_modules():
        stored = name.startswith("conv1.") or name == "classifier.1"
        stored = stored or (name.startswith("layer1.") and not name.endswith((".main", ".relu")))
        if stored:
            keep = lambda module, inputs, output, name=name: result.update({f"act.{name}": output.detach()})
            hooks.append(module.register_forward_hook(keep))
    logits = network(images)
    loss = nn.functional.cross_entropy(logits, labels)
    loss.backward()
    result["logits_train"] = logits.detach()
    result["loss"] = loss.detach()
    for name, parameter in network.named_parameters():
        result[f"grad.{name}"] = parameter.grad
    for name, value in values(network).items():
        if "running_" in name:
            result[f"after.{name}"] = value
    return result


class Trajectory:
    """A few steps of SGD with momentum, weight decay on every parameter."""

    def __init__(self, network):
        self.network = copy.deepcopy(network).train()
        self.optimizer = torch.optim.SGD(
            self.network.parameters(), lr=1.0, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY
        )
        self.losses = []

    def step(self, images, labels, learning_rate):
        self.optimizer.param_groups[0]["lr"] = learning_rate
        self.optimizer.zero_grad()
        loss = nn.functional.cross_entropy(self.network(images), labels)
        loss.backward()
        self.optimizer.step()
        self.losses.append(loss.item())


def distance(a, b):
    return (a.double() - b.double()).norm().item()


def float32_deviation(network, single, expected, steps, trajectory):
    """How far PyTorch's own float32 run lies from these values: what a float32 program can be asked for."""
    narrow = copy.deepcopy(network).float()
    relative = {}
    zero = 0.0
    for name, value in forward_backward(narrow, *single).items():
        if name.startswith("grad.") and expected[name].norm() < 1e-12:
            zero = max(zero, value.abs().max().item())
        else:
            relative[name] = distance(value, expected[name]) / expected[name].norm().item()
    deviation = {
        kind: max(value for name, value in relative.items() if name.startswith(kind))
        for kind in ["act.", "logits_train", "loss", "grad.", "after."]
    }
    # Of a convolution's bias in front of batch norm, whose true gradient is zero.
    deviation["zero_grad_absolute"] = zero
    run = Trajectory(narrow)
    for batch, learning_rate in zip(steps, LEARNING_RATES):
        run.step(*batch, learning_rate)
    start, goal, end = values(network), values(trajectory.network), values(run.network)
    deviation["trajectory_losses"] = max(abs(a / b - 1) for a, b in zip(run.losses, trajectory.losses))
    ratios = sorted(distance(end[name], goal[name]) / distance(start[name], goal[name]) for name in goal)
    deviation["trajectory_values_over_distance_moved"] = {"median": ratios[len(ratios) // 2], "largest": ratios[-1]}
    return deviation


def store(folder, name, tensors, seed):
    # One entry of metadata, since the order of several differs from run to run.
    made = {"made": f"PyTorch {torch.__version__.split('+')[0]}, float64, seed {seed}"}
    stored = {
        key: (value.float() if value.is_floating_point() else value).contiguous() for key, value in tensors.items()
    }
    (folder / name).write_bytes(save(stored, made))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="where the files go")
    parser.add_argument("--width", type=int, default=128, help="channels; from 128 on, layers train in Winograd's form")
    parser.add_argument("--blocks", type=int, default=1, help="residual blocks")
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--size", type=int, nargs=2, default=[12, 8], help="height and width of an image")
    parser.add_argument("--batch", type=int, default=2, help="images in a batch; more of them are rejected more often")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    random = numpy.random.Generator(numpy.random.PCG64(options.seed))
    network = Wide(options.width, options.blocks, options.classes).double()
    initialise(network, random)
    rejected = {}
    margins = {}

    def batch(network, name):
        images, rejected[name] = select(network, random, options.batch, *options.size)
        margins[name] = check(network, images)
        print(f"{name}: rejected {rejected[name]} images; nearest to zero: {min(margins[name].values()):.2e} spreads")
        return images, torch.from_numpy(random.integers(options.classes, size=options.batch))

    single = batch(network, "forward_backward")
    expected = forward_backward(network, *single)

    trajectory = Trajectory(network)
    steps = []
    for i, learning_rate in enumerate(LEARNING_RATES):
        steps.append(batch(trajectory.network, f"step {i}"))
        trajectory.step(*steps[i], learning_rate)
    deviation = float32_deviation(network, single, expected, steps, trajectory)
    print(f"rejected in all: {sum(rejected.values())} images")
    print(json.dumps(deviation, indent=2))

    options.folder.mkdir(parents=True, exist_ok=True)
    store(options.folder, "wide_model.safetensors", values(network), options.seed)
    store(
        options.folder,
        "wide_forward_backward.safetensors",
        {
            "images": single[0],
            "labels": single[1],
            "mean": torch.tensor(MEAN),
            "deviation": torch.tensor(DEVIATION),
            **expected,
        },
        options.seed,
    )
    store(
        options.folder,
        "wide_trajectory.safetensors",
        {
            "images": torch.stack([images for images, _ in steps]),
            "labels": torch.stack([labels for _, labels in steps]),
            "learning_rates": torch.tensor(LEARNING_RATES),
            "momentum": torch.tensor(MOMENTUM),
            "weight_decay": torch.tensor(WEIGHT_DECAY),
            "losses": torch.tensor(trajectory.losses),
            **{f"final.{name}": value for name, value in values(trajectory.network).items()},
        },
        options.seed,
    )
    report = {"rejected_images": rejected, "nearest_to_zero": margins, "float32_deviation": deviation}
    (options.folder / "wide_report.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
