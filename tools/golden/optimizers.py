"""Writes what PyTorch's optimizers make of given gradients: optimizers.json. Usage: optimizers.py FILE

Kernels are of 1x1 convolutions, [out, in] as PyTorch has them and turned to [in, out], the order in
which TensorFlow keeps [1, 1, in, out].
"""

import json
import sys

import torch

SHAPES = {"conv.weight": (5, 3), "norm.weight": (5,), "norm.bias": (5,), "top.weight": (4, 5)}
RATES = [0.1, 0.3, 0.05, 0.2]


def flat(tensor):
    return tensor.detach().t().flatten().tolist() if tensor.dim() == 2 else tensor.tolist()


def run(make, only=None):
    torch.manual_seed(3)
    weights = {
        name: torch.nn.Parameter(torch.randn(shape, dtype=torch.float64))
        for name, shape in SHAPES.items()
        if only is None or name in only
    }
    start = {name: flat(weight) for name, weight in weights.items()}
    optimizer = make(weights)
    factors = [group["lr"] for group in optimizer.param_groups]
    gradients = {name: [] for name in weights}
    for rate in RATES:
        for group, factor in zip(optimizer.param_groups, factors):
            group["lr"] = rate * factor
        for name, weight in weights.items():
            weight.grad = torch.randn(weight.shape, dtype=torch.float64)
            gradients[name].append(flat(weight.grad))
        optimizer.step()
    return {
        name: {"initial": start[name], "gradients": gradients[name], "final": flat(weight)}
        for name, weight in weights.items()
    }


def groups(weights):
    return [
        {"params": [weights["norm.bias"]], "lr": 64.0, "weight_decay": 0.0},
        {"params": [weights["norm.weight"]], "lr": 1.0, "weight_decay": 0.0},
        {"params": [weights["top.weight"]], "lr": 10.0},
        {"params": [weights["conv.weight"]], "lr": 1.0},
    ]


def main():
    options = {"momentum": 0.9, "weight_decay": 0.05}
    result = {
        "rates": RATES,
        "torch": torch.__version__,
        "sgd": run(lambda w: torch.optim.SGD(groups(w), nesterov=True, **options)),
        "adamw": run(lambda w: torch.optim.AdamW(groups(w), weight_decay=0.05)),
        "muon": run(
            lambda w: torch.optim.Muon(w.values(), lr=1.0, weight_decay=0.05),
            ["conv.weight", "top.weight"],
        ),
    }
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
        file.write("\n")


main()
