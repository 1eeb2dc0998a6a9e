"""PyTorch and Lamina with one another's weights, through safetensors files."""

import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

from common import images, in_two, save
from resnet_cifar import of_config


def predictor(out, file):
    network = of_config(out)
    # region torch_load
    network.load_state_dict(load_file(file), strict=True)
    network.eval()
    # endregion

    @torch.no_grad()
    def predict(images):
        return torch.softmax(network(torch.from_numpy(images)), dim=1).numpy()

    return predict


def main(out):
    pixels = images(out)
    ours = in_two(predictor(out, Path(out, "weights.safetensors")), pixels)
    save(out, "07-torch", "PyTorch, Lamina's weights", torch.__version__, ours)
    theirs = in_two(predictor(out, Path(out, "torch-weights.safetensors")), pixels)
    save(out, "08-torch-own", "PyTorch, its own weights", torch.__version__, theirs, reference="lamina-torch-weights")


if __name__ == "__main__":
    main(sys.argv[1])
