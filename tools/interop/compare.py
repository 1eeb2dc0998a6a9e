"""Runs the Python runtimes, each in a process of its own, and compares all results with Lamina's."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from safetensors import safe_open

HERE = Path(__file__).parent
TOLERANCE = 1e-5
CLEAR = 1e-3  # where the two largest probabilities are nearer, rounding may decide

# The script, what it shows, the packages that it needs.
SCRIPTS = [
    ("with_tensorflow", "Python TensorFlow", ["tensorflow"]),
    ("with_tf2onnx", "tf2onnx, ONNX Runtime", ["tensorflow", "tf2onnx", "onnxruntime", "onnx"]),
    ("with_onnxruntime", "ONNX, ONNX Runtime", ["onnxruntime", "onnx"]),
    ("with_litert", "LiteRT", ["tensorflow", "ai_edge_litert"]),
    ("with_torch", "PyTorch", ["torch"]),
]


def run(script, runtime, packages, out):
    """A row that says why there is no result, or none."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        return [runtime, "", "", "", "", f"NOT RUN: {', '.join(missing)} could not be installed"]
    log = Path(out, script + ".log")
    with log.open("w") as file:
        done = subprocess.run([sys.executable, HERE / (script + ".py"), out], stdout=file, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        sys.stderr.write(log.read_text())
        return [runtime, "", "", "", "", f"FAILED: {script}.py ended with status {done.returncode}, see above"]
    return None


def read(path):
    with safe_open(path, "np") as file:
        return file.metadata(), file.get_tensor("probabilities")


def row(path):
    facts, probabilities = read(path)
    _, expected = read(path.with_name(facts["reference"] + ".safetensors"))
    shown = [facts["runtime"], facts["version"], str(len(probabilities))]
    if probabilities.shape != expected.shape:
        return [*shown, "", "", f"FAILED: shape {probabilities.shape}, not {expected.shape}"]
    best = np.sort(expected, axis=1)
    clear = best[:, -1] - best[:, -2] > CLEAR
    equal = (probabilities.argmax(axis=1) == expected.argmax(axis=1))[clear].sum()
    largest = np.abs(probabilities - expected).max()
    good = equal == clear.sum() and largest <= TOLERANCE  # false for NaN
    return [*shown, f"{equal} of {clear.sum()}", f"{largest:.1e}", "ok" if good else "FAILED"]


def main(out):
    rows = [failed for script in SCRIPTS if (failed := run(*script, out))]
    results = sorted(Path(out, "results").glob("*"))
    for path in results:
        if path.suffix == ".skipped":
            runtime, reason = path.read_text().split("\t")
            rows.append([runtime, "", "", "", "", f"NOT RUN: {reason}"])
        elif path.stem not in ("lamina", "lamina-torch-weights"):
            rows.append(row(path))
    facts, probabilities = read(Path(out, "results", "lamina.safetensors"))
    reference = [facts["runtime"], facts["version"], str(len(probabilities)), "", "", "reference"]
    head = ["runtime", "version", "images", "equal classes", "difference", ""]
    table = [head, reference, *rows]
    widths = [max(len(line[i]) for line in table) for i in range(len(head))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    print(
        f"Equal classes among the images whose two largest probabilities differ by more than {CLEAR:g};"
        f" the largest difference of a probability must be within {TOLERANCE:g}."
    )
    return 1 if any("FAILED" in line[-1] for line in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
