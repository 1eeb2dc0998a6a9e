"""PyTorch and Lamina with one another's weights, through safetensors files."""

import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

from common import description, images, in_two, save, skip
from resnet_cifar import of_export


def predictor(out, file):
    model = of_export(description(out)["network"])
    # region torch_load
    model.load_state_dict(load_file(file), strict=True)
    model.eval()
    # endregion

    @torch.no_grad()
    def predict(images):
        return torch.softmax(model(torch.from_numpy(images)), dim=1).numpy()

    return predict


def main(out):
    if of_export(description(out)["network"]) is None:
        skip(out, "07-torch", "PyTorch", "its network is written for ResNetCifar alone")
        return
    pixels = images(out)
    ours = in_two(predictor(out, Path(out, "weights.safetensors")), pixels)
    save(out, "07-torch", "PyTorch, Lamina's weights", torch.__version__, ours)
    theirs = in_two(predictor(out, Path(out, "torch-weights.safetensors")), pixels)
    save(out, "08-torch-own", "PyTorch, its own weights", torch.__version__, theirs, reference="lamina-torch-weights")


if __name__ == "__main__":
    main(sys.argv[1])
