"""Makes the golden set of the networks for 32x32 pixels, in the form of zoo.py.

The networks are written here from their descriptions, with the parameter names of the repositories that Lamina's Javadoc names.
"""

import argparse
import pathlib

import torch
import zoo
from torch import nn
from torch.nn import functional

zoo.SIZE = (32, 32)
zoo.ODD_SIZE = (41, 35)
zoo.LABELS = [3, 7]
zoo.MEAN = [0.492, 0.482, 0.447]
zoo.STD = [0.247, 0.243, 0.262]


def conv(inputs, outputs, kernel=3, stride=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride, projects):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = conv(outputs, outputs), nn.BatchNorm2d(outputs)
        self.extra = outputs - inputs
        self.shortcut = nn.Sequential()
        if stride > 1 and projects:
            self.shortcut = nn.Sequential(conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
        self.subsamples = stride > 1 and not projects

    def forward(self, x):
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        if self.subsamples:
            x = functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.extra // 2, self.extra // 2))
        return (y + self.shortcut(x)).relu()


class CifarResNet(nn.Module):
    def __init__(self, stages, blocks, width, projects):
        super().__init__()
        self.conv1, self.bn1 = conv(3, width), nn.BatchNorm2d(width)
        self.stages = stages
        for stage in range(stages):
            out = width << stage
            first = BasicBlock(out if stage == 0 else out // 2, out, 1 if stage == 0 else 2, projects)
            rest = [BasicBlock(out, out, 1, projects) for _ in range(blocks - 1)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(first, *rest))
        self.linear = nn.Linear(out, 10)

    def forward(self, x):
        x = self.bn1(self.conv1(x)).relu()
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return self.linear(x.mean((2, 3)))


class WideBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, outputs, 3, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(outputs), conv(outputs, outputs)
        self.convShortcut = None if inputs == outputs else conv(inputs, outputs, 1, stride)

    def forward(self, x):
        y = self.bn1(x).relu()
        shortcut = x if self.convShortcut is None else self.convShortcut(y)
        return shortcut + self.conv2(self.bn2(self.conv1(y)).relu())


class WideStage(nn.Module):
    def __init__(self, inputs, outputs, stride, blocks):
        super().__init__()
        rest = [WideBlock(outputs, outputs, 1) for _ in range(blocks - 1)]
        self.layer = nn.Sequential(WideBlock(inputs, outputs, stride), *rest)

    def forward(self, x):
        return self.layer(x)


class WideResNet(nn.Module):
    def __init__(self, depth, factor):
        super().__init__()
        blocks = (depth - 4) // 6
        self.conv1 = conv(3, 16)
        self.block1 = WideStage(16, 16 * factor, 1, blocks)
        self.block2 = WideStage(16 * factor, 32 * factor, 2, blocks)
        self.block3 = WideStage(32 * factor, 64 * factor, 2, blocks)
        self.bn1, self.fc = nn.BatchNorm2d(64 * factor), nn.Linear(64 * factor, 10)

    def forward(self, x):
        x = self.block3(self.block2(self.block1(self.conv1(x))))
        return self.fc(self.bn1(x).relu().mean((2, 3)))


class Unit(nn.Module):
    def __init__(self, inputs, outputs, pools=False, residual=False):
        super().__init__()
        self.conv, self.bn, self.pools = conv(inputs, outputs), nn.BatchNorm2d(outputs), pools
        self.residual = None
        if residual:
            self.residual = nn.Sequential()
            self.residual.add_module("res1", Unit(outputs, outputs))
            self.residual.add_module("res2", Unit(outputs, outputs))

    def forward(self, x):
        x = self.bn(self.conv(x)).relu()
        x = functional.max_pool2d(x, 2) if self.pools else x
        return x if self.residual is None else x + self.residual(x)


class ResNet9(nn.Module):
    def __init__(self):
        super().__init__()
        self.prep = Unit(3, 64)
        self.layer1 = Unit(64, 128, True, True)
        self.layer2 = Unit(128, 256, True)
        self.layer3 = Unit(256, 512, True, True)
        self.linear = nn.Linear(512, 10, bias=False)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(self.prep(x))))
        return self.linear(functional.max_pool2d(x, 4).flatten(1)) * 0.125


class Group(nn.Module):
    def __init__(self, inputs, outputs, residual, momentum):
        super().__init__()
        count = 3 if residual else 2
        self.count = count
        for i in range(1, count + 1):
            norm = nn.BatchNorm2d(outputs, eps=1e-12, momentum=momentum)
            norm.weight.requires_grad = False
            setattr(self, f"conv{i}", conv(inputs if i == 1 else outputs, outputs))
            setattr(self, f"norm{i}", norm)

    def forward(self, x):
        x = functional.gelu(self.norm1(functional.max_pool2d(self.conv1(x), 2)))
        if self.count == 2:
            return functional.gelu(self.norm2(self.conv2(x)))
        y = functional.gelu(self.norm2(self.conv2(x)))
        return functional.gelu(x + self.norm3(self.conv3(y)))


class Scaled(nn.Module):
    def forward(self, x):
        return x / 9


def airbench(widths, residual, momentum):
    whitening = nn.Conv2d(3, 24, 2)
    whitening.weight.requires_grad = False
    inputs = [24, *widths]
    groups = [Group(inputs[i], widths[i], residual, momentum) for i in range(3)]
    linear = nn.Linear(widths[-1], 10, bias=False)
    return nn.Sequential(whitening, nn.GELU(), *groups, nn.MaxPool2d(3), nn.Flatten(), linear, Scaled())


NETWORKS = {
    "resnet20": lambda: CifarResNet(3, 3, 16, False),
    "resnet18-cifar": lambda: CifarResNet(4, 2, 64, True),
    "wrn-16-4": lambda: WideResNet(16, 4),
    "resnet9": ResNet9,
    "airbench94": lambda: airbench([64, 256, 256], False, 0.4),
    "airbench96": lambda: airbench([128, 384, 512], True, 0.1),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("networks", nargs="*", default=list(NETWORKS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name in arguments.networks:
        zoo.make(name, arguments.folder, NETWORKS[name]())


if __name__ == "__main__":
    main()
