"""Makes the golden set of the zoo: what torchvision's and timm's networks compute with random weights.

Weights and images are functions of names and indices that the test evaluates too, so a file holds
only running statistics, logits, and three numbers for each gradient and each new statistic: its norm
and its products with two random vectors. All is computed in float64.
"""

import argparse
import copy
import pathlib

import numpy
import timm
import torch
import torchvision
from safetensors.numpy import save_file

NETWORKS = [
    "resnet18",
    "resnet34",
    "resnet50",
    "mobilenet_v3_small",
    "mobilenet_v3_large",
    "efficientnet_b0",
    "timm/mobilenetv3_small_100",
    "timm/mobilenetv3_large_100",
    "timm/efficientnet_b0",
]
BATCH = 2
LABELS = [3, 991]
SIZE = (224, 224)
ODD_SIZE = (97, 129)
MEAN = [0.485, 0.456, 0.406]
STD = [0.229, 0.224, 0.225]
MASK = (1 << 64) - 1


def bits(name, count):
    """64 random bits for each index: splitmix64 of the FNV-1a hash of the name."""
    key = 0xCBF29CE484222325
    for byte in name.encode():
        key = (key ^ byte) * 0x100000001B3 & MASK
    x = numpy.uint64(key) + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
    x = (x ^ x >> numpy.uint64(30)) * numpy.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ x >> numpy.uint64(27)) * numpy.uint64(0x94D049BB133111EB)
    return x ^ x >> numpy.uint64(31)


def uniform(name, count):
    """Uniform in [-1, 1), of 24 bits, so that float32 holds it."""
    return (bits(name, count) >> numpy.uint64(40)).astype(numpy.float64) / 2**23 - 1


def images(name, size):
    """uint8 [N, height, width, 3]: random squares of 16 pixels, with random pixels on them."""
    height, width = size
    rows, columns = -(-height // 16), -(-width // 16)
    square = (bits(name + " squares", BATCH * rows * columns * 3) >> numpy.uint64(56)).astype(numpy.int64)
    pixel = (bits(name + " pixels", BATCH * height * width * 3) >> numpy.uint64(56)).astype(numpy.int64)
    square = square.reshape(BATCH, rows, columns, 3).repeat(16, axis=1).repeat(16, axis=2)[:, :height, :width]
    return ((3 * square + pixel.reshape(BATCH, height, width, 3)) // 4).astype(numpy.uint8)


def batch(name, size):
    x = torch.from_numpy(images(name, size)).permute(0, 3, 1, 2).double() / 255
    return (x - torch.tensor(MEAN).double().view(-1, 1, 1)) / torch.tensor(STD).double().view(-1, 1, 1)


def weight(network, name, shape):
    """He's variance for kernels; scales of batch norms about 0.3, so that a block changes little.

    In a ResNet biases are far from zero, so that few inputs of a ReLU are near it; README.md says why.
    """
    values = uniform(name, int(numpy.prod(shape)))
    if name.endswith(".bias"):
        values = values + 0.7 * numpy.sign(values) if network.startswith(("resnet", "wrn")) else 0.2 * values
    elif len(shape) == 1:
        values = 0.3 + 0.15 * values
    else:
        values = values * numpy.sqrt(6 / numpy.prod(shape[1:]))
    return torch.from_numpy(values.astype(numpy.float32).astype(numpy.float64).reshape(shape))


def calibrate(network):
    """Running statistics: those of a batch, changed, so that each one matters, and rounded to float16."""
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1
    network.train()
    with torch.no_grad():
        network(batch("calibration", SIZE))
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum
    for name, module in network.named_modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            count = module.num_features
            std = module.running_var.sqrt()
            module.running_mean += 0.3 * std * torch.from_numpy(uniform(name + ".running_mean", count))
            module.running_var *= 1 + 0.3 * torch.from_numpy(uniform(name + ".running_var", count))
            module.running_mean.copy_(module.running_mean.half().double())
            module.running_var.copy_(module.running_var.half().double())
            assert module.running_var.isfinite().all() and module.running_var.min() > 0, name


def without_randomness(network):
    for module in network.modules():
        if isinstance(module, (torch.nn.Dropout, torchvision.ops.StochasticDepth)):
            module.p = 0
    return network


def create(name):
    if name.startswith("timm/"):
        return timm.create_model(name.removeprefix("timm/"))
    return getattr(torchvision.models, name)(weights=None)


def build(name, network):
    network = without_randomness(network).double()
    network.load_state_dict(
        {
            key: value if "running_" in key or "num_batches" in key else weight(name, key, tuple(value.shape))
            for key, value in network.state_dict().items()
        }
    )
    calibrate(network)
    return network


def summary(name, values):
    """The norm, and the products with two vectors of random numbers."""
    flat = values.detach().double().numpy().ravel()
    return numpy.array(
        [numpy.linalg.norm(flat)] + [flat @ uniform(f"{name} {i}", flat.size) for i in (1, 2)], dtype=numpy.float32
    )


def step(network, dtype):
    """The loss of a batch in training mode, its gradients, and the new running statistics."""
    network = copy.deepcopy(network).to(dtype)
    network.train()
    loss = torch.nn.functional.cross_entropy(network(batch("train", SIZE).to(dtype)), torch.tensor(LABELS))
    loss.backward()
    results = {f"grad.{name}": summary(name, parameter.grad) for name, parameter in network.named_parameters() if parameter.requires_grad}
    for name, value in network.named_buffers():
        if "running_" in name:
            results[f"after.{name}"] = summary(name, value)
    results["loss"] = numpy.array([loss.item()], dtype=numpy.float32)
    return results


def logits(network, size, dtype):
    network = copy.deepcopy(network).to(dtype)
    network.eval()
    with torch.no_grad():
        return network(batch("eval", size).to(dtype)).float().numpy()


def distance(a, b):
    return numpy.abs(a - b).max() / numpy.abs(b).max()


def make(name, folder, network):
    network = build(name, network)
    tensors = {
        f"state.{key}": value.half().numpy() for key, value in network.state_dict().items() if "running_" in key
    }
    results = {"logits": logits(network, SIZE, torch.float64), "logits_odd": logits(network, ODD_SIZE, torch.float64)}
    results |= step(network, torch.float64)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    file = folder / f"zoo_{name.replace('/', '-')}.safetensors"
    save_file(tensors | results, file, metadata={"network": name, "parameters": str(parameters)})
    single = step(network, torch.float32)
    largest = max(results[key][0] for key in results if key.startswith("grad."))
    grads = sorted(
        numpy.abs(single[key] - results[key]).max() / max(results[key][0], 1e-4 * largest)
        for key in single
        if key.startswith("grad.")
    )
    print(
        f"{name}: {parameters} parameters; PyTorch's own float32 differs by"
        f" logits {distance(logits(network, SIZE, torch.float32), results['logits']):.1e},"
        f" gradients {grads[len(grads) // 2]:.1e} median, {grads[-1]:.1e} largest,"
        f" statistics {max(distance(single[key], results[key]) for key in single if key.startswith('after.')):.1e}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("networks", nargs="*", default=NETWORKS)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.networks:
        make(name, arguments.folder, create(name))


if __name__ == "__main__":
    main()
