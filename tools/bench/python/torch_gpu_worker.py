"""PyTorch on a GPU, channels last, eagerly or with the whole step as a CUDA graph; float16 by AMP.

Without a GPU it runs eagerly on the processor, to rehearse.
"""

import platform

import protocol

import batch
import torch
from safetensors.torch import load_file
from torch.nn import functional
from torch_network import ResNetCifar

# A graph is captured after so many steps, which choose the algorithms and make the buffers.
STEPS_BEFORE_CAPTURE = 8


def training(model, x, y, device, half):
    optimizer = torch.optim.SGD(
        model.parameters(), lr=1e-3, momentum=0.9, weight_decay=5e-4, foreach=True
    )

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device, torch.float16, enabled=half):
            logits = model(x)
        loss = functional.cross_entropy(logits.float(), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def captured(step):
    """The same step, replayed from its second call on."""
    replay = None

    def run():
        nonlocal replay
        if replay is None:
            loss = step().clone()
            replay = capture(step)
            return loss
        replay()
        return None

    return run


def capture(step):
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(STEPS_BEFORE_CAPTURE):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def main():
    arguments = protocol.arguments()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    # As TensorFlow does.
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cuda.matmul.allow_tf32 = True
    images, labels = batch.load(arguments["data"], arguments["batch"])
    x = torch.from_numpy(images).permute(0, 3, 1, 2).to(device)
    x = x.contiguous(memory_format=torch.channels_last)
    y = torch.from_numpy(labels).to(device)
    model = ResNetCifar(arguments["width"])
    if "weights" in arguments:
        model.load_state_dict(load_file(arguments["weights"]))
    model = model.to(device, memory_format=torch.channels_last)
    step = training(model, x, y, device, arguments["precision"] == "float16")
    wait = (lambda _: torch.cuda.synchronize()) if device == "cuda" else (lambda _: None)
    if arguments["graph"] and device == "cuda":
        step = captured(step)
    versions = {"PyTorch": torch.__version__, "Python": platform.python_version()}
    if device == "cuda":
        versions["GPU"] = torch.cuda.get_device_name()
    protocol.serve(step, wait, float, arguments["warm"], versions)


main()
