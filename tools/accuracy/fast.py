"""Trains airbench's networks by Lamina's recipes `fast`, `fast-muon`, `half-hour` and `thorough` in PyTorch, on CIFAR-10's binary files.

It is written from the recipes' description in docs/recipes.md, so that a difference in accuracy can be told from one of the data:

    python tools/accuracy/fast.py FOLDER [--recipe NAME] [--width N] [--epochs N] [--seed N] [--images N] [--bfloat16]

It prints the loss and accuracy of each epoch, images per second, and the test accuracy with and without test-time augmentation.
"""

import argparse
import pathlib
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "golden-zoo"))
from cifar import airbench  # noqa: E402

MEAN = torch.tensor([0.492, 0.482, 0.447]).view(-1, 1, 1)
STD = torch.tensor([0.247, 0.243, 0.262]).view(-1, 1, 1)


def read(files):
    rows = numpy.concatenate([numpy.fromfile(file, numpy.uint8).reshape(-1, 3073) for file in files])
    images = torch.from_numpy(rows[:, 1:].reshape(-1, 3, 32, 32).astype(numpy.float32)) / 255
    return (images - MEAN) / STD, torch.from_numpy(rows[:, 0].astype(numpy.int64))


def initialise(network, images):
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3):
            nn.init.dirac_(module.weight.data[: module.in_channels])
    patches = functional.unfold(images[:5000], 2).permute(0, 2, 1).reshape(-1, 12).double()
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    filters = (vectors / (values + 5e-4).sqrt()).T.flip(0).reshape(12, 3, 2, 2).float()
    network[0].weight.data[:] = torch.cat([filters, -filters])
    network[0].bias.data.zero_()


def parts(network):
    """The parameters by what the recipes set for them: the biases of norms, the classifier, convolutions' kernels, the whitening's bias."""
    named = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
    norms = [p for name, p in named if "norm" in name]
    others = [p for name, p in named if "norm" not in name]
    return norms, [p for p in others if p.dim() == 2], [p for p in others if p.dim() == 4], [p for p in others if p.dim() == 1]


class Fast:
    """SGD with Nesterov momentum, and a lookahead that goes half of the way every 5 steps."""

    groups, residual, statistics = [64, 256, 256], False, 0.4
    batch, epochs = 1024, 10
    padding, cutout = 2, 0

    def __init__(self, network):
        norms, classifier, kernels, whitening = parts(network)
        self.trained = norms + classifier + kernels + whitening
        self.slow = [p.detach().clone() for p in self.trained]
        self.optimizer = torch.optim.SGD(
            [
                {"params": classifier + kernels + whitening, "weight_decay": 0.00133, "factor": 1},
                {"params": norms, "weight_decay": 0.00133 / 64, "factor": 64},
            ],
            lr=1,
            momentum=0.85,
            nesterov=True,
        )

    def rate(self, step, steps):
        """Linear from a fifth of the peak to the peak at 23 % of the steps, then down to 7 %."""
        up = 0.23 * steps - 1
        return 1.5 * (0.2 + 0.8 * step / up if step <= up else 1 - 0.93 * (step - up) / (steps - 1 - up))

    def step(self, step, steps):
        apply(self.optimizer, self.rate(step, steps))
        if (step + 1) % 5 == 0:
            with torch.no_grad():
                for old, new in zip(self.slow, self.trained):
                    new.copy_(old.lerp_(new, 0.5))


class FastMuon:
    """Kernels by Muon, scaled to the norm of the square root of their filters; all else by SGD with Nesterov momentum."""

    groups, residual, statistics = [64, 256, 256], False, 0.4
    batch, epochs = 2000, 8
    padding, cutout = 2, 0
    peak, momentum = 0.24, 0.6
    norms, classifier = 442, 6.9

    def __init__(self, network):
        norms, classifier, self.kernels, whitening = parts(network)
        self.velocities = [torch.zeros_like(p) for p in self.kernels]
        self.optimizer = torch.optim.SGD(
            [
                {"params": norms, "weight_decay": 0.0000377, "momentum": 0.85, "factor": self.norms},
                {"params": classifier, "weight_decay": 0.0024, "momentum": 0.85, "factor": self.classifier},
                {"params": whitening, "factor": 1},
            ],
            lr=1,
            nesterov=True,
            momentum=self.momentum,
        )

    def step(self, step, steps):
        rate = self.peak * (1 - step / steps)
        apply(self.optimizer, rate)
        with torch.no_grad():
            for kernel, velocity in zip(self.kernels, self.velocities):
                velocity.mul_(self.momentum).add_(kernel.grad)
                moved = orthogonal(kernel.grad.add(velocity, alpha=self.momentum).flatten(1)).view(kernel.shape)
                kernel.mul_(len(kernel) ** 0.5 / kernel.norm())
                kernel.sub_(moved, alpha=rate * max(1, len(kernel) / kernel[0].numel()) ** 0.5)


class Thorough(FastMuon):
    """A larger network, smaller batches, more augmentation."""

    groups, residual, statistics = [128, 384, 512], True, 0.1
    batch, epochs = 1000, 15
    padding, cutout = 4, 12
    peak, momentum = 0.17, 0.75
    norms, classifier = 312, 4.9


class HalfHour(Thorough):
    """Fewer epochs and less augmentation, for a width of 96."""

    groups = [96, 288, 384]
    epochs, cutout = 11, 8


RECIPES = {"fast": Fast, "fast-muon": FastMuon, "half-hour": HalfHour, "thorough": Thorough}


def apply(optimizer, rate):
    for group in optimizer.param_groups:
        group["lr"] = group["factor"] * rate
    optimizer.step()


def orthogonal(matrix):
    """Five Newton-Schulz iterations from the matrix of norm 1."""
    x = matrix / (matrix.norm() + 1e-7)
    x = x.T if len(x) > x.shape[1] else x
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x.T if len(matrix) > matrix.shape[1] else x


def augmented(images, flips, padding, cutout):
    images = torch.where(flips.view(-1, 1, 1, 1), images.flip(-1), images)
    padded = functional.pad(images, (padding,) * 4, "reflect")
    shifts = torch.randint(0, 2 * padding + 1, (len(images), 2))
    cut = torch.stack([p[:, y : y + 32, x : x + 32] for p, (y, x) in zip(padded, shifts.tolist())])
    grey = (128 / 255 - MEAN) / STD
    tops = torch.randint(0, 32, (len(images), 2)) - cutout // 2
    for image, (y, x) in zip(cut, tops.tolist() if cutout else []):
        image[:, max(0, y) : y + cutout, max(0, x) : x + cutout] = grey
    return cut


def logits(network, images):
    network.eval()
    with torch.no_grad():
        return torch.cat([network(part) for part in images.split(500)])


def flipped(network, images):
    return (logits(network, images) + logits(network, images.flip(-1))) / 2


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--recipe", choices=RECIPES, default="fast")
    parser.add_argument("--width", type=int, help="channels of the first group; scales the others")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--bfloat16", action="store_true", help="train with autocast")
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    images, labels = read(sorted(arguments.folder.rglob("data_batch_*.bin")))
    images, labels = images[: arguments.images], labels[: arguments.images]
    kind = RECIPES[arguments.recipe]
    width = arguments.width or kind.groups[0]
    groups = [filters * width // kind.groups[0] for filters in kind.groups]
    network = airbench(groups, kind.residual, kind.statistics).to(memory_format=torch.channels_last)
    initialise(network, images)
    recipe = kind(network)
    epochs = arguments.epochs or recipe.epochs
    per_epoch = len(images) // recipe.batch
    first = torch.rand(len(images)) < 0.5
    step = 0
    for epoch in range(epochs):
        network.train()
        started, losses, right = time.time(), 0.0, 0
        for indices in torch.randperm(len(images))[: per_epoch * recipe.batch].split(recipe.batch):
            batch = augmented(images[indices], first[indices] ^ (epoch % 2 == 1), recipe.padding, recipe.cutout)
            with torch.autocast("cpu", torch.bfloat16, enabled=arguments.bfloat16):
                output = network(batch)
            loss = functional.cross_entropy(output.float(), labels[indices], label_smoothing=0.2)
            network.zero_grad()
            loss.backward()
            recipe.step(step, epochs * per_epoch)
            step += 1
            losses += loss.item()
            right += (output.argmax(1) == labels[indices]).sum().item()
        seconds = time.time() - started
        count = per_epoch * recipe.batch
        print(f"epoch {epoch + 1} loss {losses / per_epoch:.4f} accuracy {right / count:.4f} {count / seconds:.0f} images/s")
    test, expected = read(sorted(arguments.folder.rglob("test_batch.bin")))
    padded = functional.pad(test, (1, 1, 1, 1), "reflect")
    shifted = [padded[:, :, :32, :32], padded[:, :, 2:, 2:]]
    six = flipped(network, test) / 2 + sum(flipped(network, view) for view in shifted) / 4
    for name, values in (("flip-shift", six), ("flip", flipped(network, test)), ("none", logits(network, test))):
        print(f"test accuracy {(values.argmax(1) == expected).float().mean():.4f}, test-time augmentation {name}")


if __name__ == "__main__":
    main()
