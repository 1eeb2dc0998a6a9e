"""Makes what the contenders need: Lamina, DJL, the Python environment, images and weights."""

import glob
import os
import random
import shutil
import subprocess
from dataclasses import dataclass

from errors import BenchError

IMAGES = 4096
IMAGE_BYTES = 32 * 32 * 3
CLASSES = 10


@dataclass(frozen=True)
class Place:
    """Where everything is."""

    home: str
    data: str
    weights: str
    logs: str
    python: str
    lamina_classpath: str
    djl_classpath: str


def prepare(home, width, frameworks):
    """Makes what is missing or older than its sources."""
    target = f"{home}/target"
    logs = f"{target}/logs"
    os.makedirs(logs, exist_ok=True)
    data = _data(target)
    # Lamina alone needs no Python, and nobody to be equal to.
    peers = bool(set(frameworks) - {"Lamina"})
    python = _python(home, target) if peers else ""
    return Place(
        home=home,
        data=data,
        weights=_weights(home, target, python, width) if peers else "",
        logs=logs,
        python=python,
        lamina_classpath=_lamina(home, target),
        djl_classpath=_djl(home, target) if "DJL" in frameworks else "",
    )


def environment(home, threads, gpu):
    """The environment of every worker."""
    chosen = {} if gpu else {"CUDA_VISIBLE_DEVICES": "-1"}
    return {
        **os.environ,
        **chosen,
        "OMP_NUM_THREADS": str(threads),
        "TF_ENABLE_ONEDNN_OPTS": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1"),
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2"),
        "DJL_CACHE_DIR": f"{home}/target/djl-cache",
        "TORCHINDUCTOR_CACHE_DIR": f"{home}/target/inductor-cache",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _lamina(home, target):
    root = os.path.dirname(os.path.dirname(home))
    # Lamina's own command builds it where it is missing or old.
    _run("building Lamina", [f"{root}/tools/lamina", "--help"], f"{target}/logs/build-lamina.log")
    jars = [
        jar
        for jar in glob.glob(f"{root}/target/lamina-*.jar")
        if not jar.endswith(("-sources.jar", "-javadoc.jar"))
    ]
    classpath = ":".join([*jars, f"{root}/target/lib/*"])
    sources = ["Protocol", "LaminaWorker", "ConvolutionPeak"]
    classes = _compile(home, target, "lamina", classpath, sources, jars)
    return f"{classes}:{':'.join(jars)}"


def _djl(home, target):
    libraries = f"{target}/djl-lib"
    pom = f"{home}/djl/pom.xml"
    if _older(f"{libraries}/complete", [pom]):
        print("fetching DJL and its PyTorch (about 120 MB the first time)", flush=True)
        shutil.rmtree(libraries, ignore_errors=True)
        _run(
            "fetching DJL",
            ["mvn", "-B", "-q", "-Dstyle.color=never", "-f", pom, "validate"],
            f"{target}/logs/fetch-djl.log",
        )
        open(f"{libraries}/complete", "w").close()
    sources = ["Protocol", "DjlNetwork", "DjlWorker"]
    classes = _compile(home, target, "djl", f"{libraries}/*", sources, [])
    return f"{classes}:{libraries}/*"


def _compile(home, target, name, classpath, sources, jars):
    classes = f"{target}/{name}"
    files = [f"{home}/java/{source}.java" for source in sources]
    if _older(f"{classes}/{sources[-1]}.class", files + jars):
        _run(
            f"compiling the worker of {name}",
            ["javac", "-d", classes, "-cp", classpath, *files],
            f"{target}/logs/compile-{name}.log",
        )
    return classes


def _python(home, target):
    given = os.environ.get("BENCH_PYTHON")
    if given:
        if not shutil.which(given):
            raise BenchError(f"BENCH_PYTHON must be a Python, got {given}")
        return given
    venv = f"{home}/.venv"
    python = f"{venv}/bin/python"
    requirements = f"{home}/requirements.txt"
    if _older(f"{venv}/complete", [requirements]):
        print("making tools/bench/.venv (some GB the first time)", flush=True)
        log = f"{target}/logs/venv.log"
        _run("making the Python environment", ["python3", "-m", "venv", "--clear", venv], log)
        _run(
            "installing PyTorch and Keras",
            [python, "-m", "pip", "install", "--disable-pip-version-check", "-q"]
            + ["-r", requirements],
            log,
        )
        open(f"{venv}/complete", "w").close()
    return python


def _data(target):
    """Random images and labels: speed does not depend on what they show."""
    folder = f"{target}/data"
    os.makedirs(folder, exist_ok=True)
    if not os.path.exists(f"{folder}/labels.bin"):
        numbers = random.Random(1)
        _write(f"{folder}/images.bin", numbers.randbytes(IMAGES * IMAGE_BYTES))
        _write(f"{folder}/labels.bin", bytes(numbers.randrange(CLASSES) for _ in range(IMAGES)))
    return folder


def _weights(home, target, python, width):
    file = f"{target}/data/width{width}.safetensors"
    sources = [f"{home}/python/torch_weights.py", f"{home}/python/torch_network.py"]
    if _older(file, sources):
        _run(
            "writing the weights",
            [python, sources[0], str(width), file],
            f"{target}/logs/weights.log",
        )
    return file


def _write(file, content):
    with open(f"{file}.part", "wb") as out:
        out.write(content)
    os.replace(f"{file}.part", file)


def _older(file, sources):
    """Whether a file is missing or older than one of its sources."""
    if not os.path.exists(file):
        return True
    return any(os.path.getmtime(source) > os.path.getmtime(file) for source in sources)


def _run(what, command, log):
    with open(log, "w") as out:
        try:
            status = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT).returncode
        except OSError as e:
            raise BenchError(f"{what} failed: {e}") from None
    if status != 0:
        with open(log, errors="replace") as lines:
            words = [line.strip() for line in lines if line.strip()]
        errors = [line for line in words if "error" in line.lower()] or words or ["it said nothing"]
        raise BenchError(f"{what} failed with status {status}: {errors[0]} (see {log})")
