"""ResNetCifar in PyTorch."""

import torch
from torch import nn


class Residual(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = (
            nn.Identity()
            if inputs == outputs
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1), nn.BatchNorm2d(outputs))
        )

    def forward(self, x):
        return torch.relu_(self.main(x) + self.shortcut(x))


class ResNetCifar(nn.Module):
    def __init__(self, width, classes=10):
        super().__init__()

        def stage(inputs):
            outputs = 2 * inputs
            return nn.Sequential(
                Residual(inputs, outputs), nn.MaxPool2d(2), Residual(outputs, outputs)
            )

        self.conv1 = nn.Sequential(
            nn.Conv2d(3, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        )
        self.layer1 = nn.Sequential(Residual(width, width), Residual(width, width))
        self.layer2 = stage(width)
        self.layer3 = stage(2 * width)
        self.layer4 = stage(4 * width)
        self.classifier = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8 * width, classes)
        )

    def forward(self, x):
        x = self.layer2(self.layer1(self.conv1(x)))
        return self.classifier(self.layer4(self.layer3(x)))
