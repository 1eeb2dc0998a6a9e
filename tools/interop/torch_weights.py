"""Trains the reference network in PyTorch for some steps: weights for Lamina to read."""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from common import description, images, labels
from resnet_cifar import of_export

BATCH = 50


def main(out):
    torch.manual_seed(1)
    model = of_export(description(out)["network"])
    if model is None:
        return  # with_torch.py says so
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for pixels, classes in zip(
        torch.from_numpy(images(out)).split(BATCH), torch.from_numpy(labels(out)).split(BATCH)
    ):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(pixels), classes).backward()
        optimizer.step()
    file = Path(out, "torch-weights.safetensors")
    # region torch_save
    save_file(model.state_dict(), file)
    # endregion


if __name__ == "__main__":
    main(sys.argv[1])
