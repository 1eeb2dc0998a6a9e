"""Who is compared, and how each is started."""

from dataclasses import dataclass, field

FLOAT32, BFLOAT16, FLOAT16 = "float32", "bfloat16", "float16"


@dataclass(frozen=True)
class Contender:
    """One library in one way of use.

    tasks: what it can do
    start_up: whether its start-up is measured
    options: arguments of its worker
    """

    name: str
    framework: str
    tasks: tuple
    precisions: tuple = (FLOAT32, BFLOAT16)
    start_up: bool = False
    options: dict = field(default_factory=dict)


def _torch(name, tasks, start_up=False, **chosen):
    options = {"channels_last": 0, "compile": 0, "freeze": 0, "jit": 0, **chosen}
    return Contender(name, "PyTorch", tasks, start_up=start_up, options=options)


# What live data costs is seen beside one fixed batch; it is no peer.
FIXED = Contender("lamina-fixed", "Lamina", ("train",), options={"fixed": 1})

ALL = (
    Contender("lamina", "Lamina", ("train", "infer", "pipeline"), start_up=True),
    FIXED,
    Contender("djl", "DJL", ("train", "infer"), (FLOAT32,), start_up=True),
    _torch("torch", ("train",), start_up=True),
    _torch("torch-cl", ("train", "infer"), channels_last=1),
    _torch("torch-compile", ("train",), compile=1),
    _torch("torch-cl-compile", ("train", "infer"), channels_last=1, compile=1),
    _torch("torch-cl-freeze", ("infer",), channels_last=1, compile=1, freeze=1),
    _torch("torch-jit", ("infer",), jit=1),
    Contender("keras", "Keras", ("train", "infer"), start_up=True, options={"jit": 0}),
    Contender("keras-jit", "Keras", ("train", "infer"), options={"jit": 1}),
)

# On a GPU, all on data that stays there but Lamina's, which trains on live data.
COMPILED = "lamina-compiled"
_ON_GPU = (("train",), (FLOAT16, FLOAT32))
GPU = (
    Contender("lamina", "Lamina", *_ON_GPU),
    Contender(COMPILED, "Lamina", *_ON_GPU, options={"compiled": 1}),
    Contender("torch-cl", "PyTorch", *_ON_GPU, options={"graph": 0}),
    Contender("torch-cl-graph", "PyTorch", *_ON_GPU, options={"graph": 1}),
)

# The machine's own convolution rate is measured beside the contenders, by Lamina's worker.
PEAK = Contender("convolution", "TensorFlow", ("peak",))


@dataclass(frozen=True)
class Case:
    """What is measured."""

    name: str
    task: str
    batch: int
    precision: str = FLOAT32

    def suits(self, contender):
        if self.task == "start-up":
            return contender.start_up
        return self.task in contender.tasks and self.precision in contender.precisions


CASES = (
    *(
        Case(f"train-{batch}-{precision}", "train", batch, precision)
        for precision in (FLOAT32, BFLOAT16)
        for batch in (64, 128, 512)
    ),
    *(Case(f"infer-{batch}", "infer", batch) for batch in (1, 64, 256)),
    Case("pipeline", "pipeline", 128),
    Case("start-up", "start-up", 64),
)

GPU_CASES = tuple(
    Case(f"train-{batch}-{precision}", "train", batch, precision)
    for precision in (FLOAT16, FLOAT32)
    for batch in (64, 512)
)


def command(place, contender, task, batch, precision, width, warm, weights):
    """The command line of a worker.

    place: the files that prepare.py made
    warm: the seconds to warm up for
    weights: whether it loads the common weights
    """
    arguments = {
        "task": task,
        "batch": batch,
        "precision": precision,
        "width": width,
        "warm": warm,
        "data": place.data,
        **contender.options,
    }
    if weights and place.weights:
        arguments["weights"] = place.weights
    if contender.framework == "PyTorch":
        worker = "torch_gpu_worker" if "graph" in contender.options else "torch_worker"
        program = [place.python, f"{place.home}/python/{worker}.py"]
    elif contender.framework == "Keras":
        program = [place.python, f"{place.home}/python/keras_worker.py"]
    elif contender.framework == "DJL":
        program = ["java", "-Dai.djl.offline=true", "-cp", place.djl_classpath, "DjlWorker"]
    else:
        # As tools/lamina does.
        heap = ["-XX:+UseSerialGC", "-Xms64m"]
        program = ["java", *heap, "-cp", place.lamina_classpath, "LaminaWorker"]
    return program + [f"{name}={value}" for name, value in arguments.items()]
