"""Writes the weights that every contender starts with: torch_weights.py WIDTH FILE.

Batch norms get random gains, shifts and statistics, so that a contender that mixes them up cannot
pass the parity check.
"""

import os
import sys

import torch
from safetensors.torch import save_file
from torch_network import ResNetCifar

torch.manual_seed(1)
model = ResNetCifar(int(sys.argv[1]))
for module in model.modules():
    if isinstance(module, torch.nn.BatchNorm2d):
        torch.nn.init.uniform_(module.weight, 0.5, 1.5)
        torch.nn.init.uniform_(module.bias, -0.2, 0.2)
        torch.nn.init.uniform_(module.running_mean, -0.2, 0.2)
        torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
file = sys.argv[2]
save_file(model.state_dict(), file + ".part", {"format": "pt"})
os.replace(file + ".part", file)
