"""Trains the reference network in PyTorch for some steps: weights for Lamina to read."""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from common import images, labels
from resnet_cifar import of_config

BATCH = 50


def main(out):
    torch.manual_seed(1)
    network = of_config(out).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
    for pixels, classes in zip(
        torch.from_numpy(images(out)).split(BATCH), torch.tensor(labels(out)).split(BATCH)
    ):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(pixels), classes).backward()
        optimizer.step()
    file = Path(out, "torch-weights.safetensors")
    # region torch_save
    save_file(network.state_dict(), file)
    # endregion


if __name__ == "__main__":
    main(sys.argv[1])
