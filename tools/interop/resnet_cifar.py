"""The reference network in PyTorch, with the names that Lamina's weights have."""

import torch
from torch import nn


class Residual(nn.Module):
    def __init__(self, inside, outside):
        super().__init__()
        self.main = nn.Sequential(*conv(inside, outside, 3), nn.ReLU(), *conv(outside, outside, 3))
        self.shortcut = nn.Sequential(*([] if inside == outside else conv(inside, outside, 1)))

    def forward(self, x):
        return torch.relu(self.main(x) + self.shortcut(x))


def conv(inside, outside, kernel):
    return [nn.Conv2d(inside, outside, kernel, padding=kernel // 2), nn.BatchNorm2d(outside)]


def stage(width):
    return nn.Sequential(Residual(width, 2 * width), nn.MaxPool2d(2), Residual(2 * width, 2 * width))


class ResNetCifar(nn.Module):
    """Images uint8 [N, height, width, channels] to logits [N, classes]."""

    def __init__(self, width, classes, mean, deviation):
        super().__init__()
        # Not in the state: constants of the architecture.
        self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation).view(-1, 1, 1), persistent=False)
        self.conv1 = nn.Sequential(*conv(len(mean), width, 3), nn.ReLU())
        self.layer1 = nn.Sequential(Residual(width, width), Residual(width, width))
        self.layer2 = stage(width)
        self.layer3 = stage(2 * width)
        self.layer4 = stage(4 * width)
        self.classifier = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8 * width, classes))

    def forward(self, images):
        x = images.permute(0, 3, 1, 2).float() / 255
        x = (x - self.mean) / self.deviation
        x = self.layer4(self.layer3(self.layer2(self.layer1(self.conv1(x)))))
        return self.classifier(x)


def of_export(network):
    """The network that an export's lamina.json describes, untrained; None where it is of another kind."""
    layers = {layer["name"]: layer["layer"] for layer in network["body"]["layers"]}
    if list(layers) != ["normalize", "conv1", "layer1", "layer2", "layer3", "layer4", "classifier"]:
        return None
    normalize = layers["normalize"]
    first = layers["conv1"]["layers"][0]["layer"]
    classes = layers["classifier"]["layers"][-1]["layer"]["units"]
    model = ResNetCifar(first["filters"], classes, normalize["mean"], normalize["std"])
    if not first["bias"]:
        for convolution in (module for module in model.modules() if isinstance(module, nn.Conv2d)):
            convolution.register_parameter("bias", None)
    return model
