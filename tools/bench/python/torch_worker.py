"""PyTorch, in the variants that the arguments channels_last, compile, freeze and jit choose."""

import contextlib
import platform

import protocol

import batch
import torch
import torch._inductor.config as inductor
from safetensors.torch import load_file
from torch.nn import functional
from torch_network import ResNetCifar


def training(model, x, y, bfloat16):
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, weight_decay=5e-4)
    precision = (
        (lambda: torch.autocast("cpu", torch.bfloat16)) if bfloat16 else contextlib.nullcontext
    )

    def step():
        optimizer.zero_grad(set_to_none=True)
        with precision():
            loss = functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def inference(model, x, jit):
    if jit:
        with torch.no_grad():
            model = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, x)))

    def step():
        with torch.inference_mode():
            return model(x)

    return step


def main():
    arguments = protocol.arguments()
    torch.manual_seed(0)
    images, labels = batch.load(arguments["data"], arguments["batch"])
    x = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
    y = torch.from_numpy(labels)
    model = ResNetCifar(arguments["width"])
    if "weights" in arguments:
        model.load_state_dict(load_file(arguments["weights"]))
    if arguments["channels_last"]:
        x = x.contiguous(memory_format=torch.channels_last)
        model = model.to(memory_format=torch.channels_last)
    train = arguments["task"] == "train"
    model.train(train)
    if arguments["freeze"]:
        inductor.freezing = True
    if arguments["compile"]:
        model = torch.compile(model)
    if train:
        step = training(model, x, y, arguments["precision"] == "bfloat16")
        loss = float
    else:
        step = inference(model, x, arguments["jit"])
        loss = lambda logits: float(functional.cross_entropy(logits.float(), y))
    versions = {"PyTorch": torch.__version__, "Python": platform.python_version()}
    protocol.serve(step, lambda done: done, loss, arguments["warm"], versions)


main()
