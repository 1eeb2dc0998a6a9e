"""Runs a case: its contenders in turn, round after round, one computing at a time."""

import contextlib
import time
from statistics import median

import contenders as who
from errors import BenchError, WorkerError
from machine import busy_seconds
from prepare import environment
from worker import Worker

# No case goes on to another round after so long, once it has two.
CASE_SECONDS = 180
# The share of the processors' time that something else may take unmentioned.
DISTURBANCE = 0.03
TOLERANCE = {who.FLOAT32: 1e-4, who.BFLOAT16: 3e-2, who.FLOAT16: 3e-2}


class Clock:
    """What went on beside a worker while it ran a round, in seconds of processor time."""

    def __init__(self, worker, idle):
        self.worker, self.sleepers = worker, idle
        self.before = self._read()

    def stop(self):
        """The round is over."""
        spans = [after - before for before, after in zip(self.before, self._read())]
        self.seconds, own, self.idle, busy, self.stolen = spans
        self.others = busy - own - self.idle

    def _read(self):
        return (
            time.monotonic(),
            self.worker.processor_seconds(),
            sum(worker.processor_seconds() for worker in self.sleepers),
            *busy_seconds(),
        )


class Measure:
    """What all cases of a run have in common."""

    def __init__(self, place, options, note):
        """note: takes what the reader should know"""
        self.place = place
        self.options = options
        self.note = note
        self.environment = environment(place.home, options.threads, options.gpu)
        self.losses = {}
        self.versions = {}
        self.multiply_adds = None

    def parity(self, chosen):
        """Stops the run where equal weights and images do not give equal losses in training."""
        case = who.Case("parity", "parity", 64)
        found = {}
        for contender in chosen:
            task = "parity" if contender.framework == "Lamina" else "train"
            with contextlib.closing(self._start(case, contender, task, 0, True)) as worker:
                found[contender.name] = self._first(case, "train", contender, worker)
        return found

    def case(self, case, chosen):
        """All rounds of a case; contenders that fail are left out, with a note."""
        if case.task == "start-up":
            return self._start_up(case, chosen)
        with contextlib.ExitStack() as stack:
            workers = {}
            failed = {}
            # Large training batches warm up with their first step, which takes long enough.
            large = case.task == "train" and case.batch > 64 and not self.options.gpu
            warm = 0 if large else max(1, round(self.options.seconds / 2))
            for contender in chosen:
                with self._tolerating(contender, failed):
                    workers[contender.name] = self._ready(case, contender, warm, stack)
            rates, peaks = self._rounds(case, workers, failed)
            memory = {
                name: worker.peak_memory_mb()
                for name, (worker, _) in workers.items()
                if name not in failed and name != who.PEAK.name
            }
        for name in failed:
            rates.pop(name, None)
        return {"rates": rates, "peaks": peaks, "memory": memory, "failed": failed}

    def _ready(self, case, contender, warm, stack):
        peak = contender is who.PEAK
        # Lamina trains on augmented images from its own initial weights: its loss is another.
        weights = not peak and not (case.task != "infer" and contender.framework == "Lamina")
        task = "peak" if peak else case.task
        worker = self._start(case, contender, task, warm, weights)
        stack.enter_context(contextlib.closing(worker))
        self._first(case, case.task, contender, worker)
        ready = worker.expect("ready")
        self._versions(contender, ready)
        if case.task == "train" and "multiply_adds" in ready:
            self.multiply_adds = ready["multiply_adds"]
        return worker, [ready["seconds"]]

    def _versions(self, contender, ready):
        if "versions" in ready:
            self.versions[contender.framework] = ready["versions"]

    def _repeats(self):
        """Goes on for the rounds that were asked for, or until the case has taken long enough."""
        start = time.monotonic()
        for number in range(self.options.rounds):
            if number >= 2 and time.monotonic() - start > CASE_SECONDS:
                return
            yield number

    def _rounds(self, case, workers, failed):
        rates = {name: [] for name in workers if name != who.PEAK.name}
        peaks = []
        clocks = []
        for _ in self._repeats():
            for name, (worker, step) in workers.items():
                if name in failed:
                    continue
                idle = [w for n, (w, _) in workers.items() if n != name and n not in failed]
                clock = Clock(worker, idle)
                steps = max(1, round(self.options.seconds / step[0])) if step[0] else 1
                try:
                    answer = worker.round(steps)
                except WorkerError as e:
                    self._fail(name, failed, e)
                    continue
                seconds = answer["seconds"]
                clock.stop()
                clocks.append(clock)
                if name == who.PEAK.name:
                    peaks.append(answer)
                else:
                    step[0] = seconds / steps
                    rates[name].append(steps * case.batch / seconds)
        self._disturbances(case, clocks)
        return rates, peaks

    def _disturbances(self, case, clocks):
        whole = self.options.threads * sum(clock.seconds for clock in clocks)
        for what, seconds in (
            ("contenders that should sleep used", sum(clock.idle for clock in clocks)),
            ("other programs used", sum(clock.others for clock in clocks)),
            ("the machine's host kept back", sum(clock.stolen for clock in clocks)),
        ):
            if seconds > DISTURBANCE * whole:
                self.note(
                    f"{case.name}: {what} {seconds / whole:.0%} of the processors' time during"
                    " the rounds; measure again"
                )

    def _start_up(self, case, chosen):
        """Seconds from the start of the process to the end of the first training step."""
        seconds = {contender.name: [] for contender in chosen}
        failed = {}
        for _ in self._repeats():
            for contender in chosen:
                if contender.name in failed:
                    continue
                with self._tolerating(contender, failed):
                    worker = self._start(case, contender, "train", 0, False)
                    with contextlib.closing(worker):
                        worker.expect("first")
                        seconds[contender.name].append(worker.seconds_since_start())
                        self._versions(contender, worker.expect("ready"))
        for name in failed:
            del seconds[name]
        return {"rates": seconds, "peaks": [], "memory": {}, "failed": failed}

    @contextlib.contextmanager
    def _tolerating(self, contender, failed):
        try:
            yield
        except WorkerError as e:
            self._fail(contender.name, failed, e)

    def _fail(self, name, failed, error):
        if name == "lamina":
            raise error
        failed[name] = str(error)
        self.note(f"left out: {error}")

    def _start(self, case, contender, task, warm, weights):
        command = who.command(
            self.place,
            contender,
            task,
            case.batch,
            case.precision,
            self.options.width,
            warm,
            weights,
        )
        log = f"{self.place.logs}/{case.name}-{contender.name}.log"
        return Worker(contender.name, command, log, self.options.threads, self.environment)

    def _first(self, case, mode, contender, worker):
        """Waits for the first step, and compares its loss with what others had."""
        loss = worker.expect("first").get("loss")
        if loss is None:
            return None
        other, expected = self.losses.setdefault((mode, case.batch), (contender.name, loss))
        # A GPU multiplies float32 with the 10 bits of TF32, which float16 has too.
        tolerance = TOLERANCE[who.FLOAT16 if self.options.gpu else case.precision]
        if not abs(loss - expected) <= tolerance * abs(expected):
            raise BenchError(
                f"{case.name}: losses on equal weights and images must agree to {tolerance:g},"
                f" got {expected:.7f} from {other} and {loss:.7f} from {contender.name};"
                " they do not compute the same network"
            )
        return loss


def summarize(values):
    return {"median": median(values), "min": min(values), "max": max(values), "rounds": values}


def ratio(case, rates, own="lamina"):
    """Lamina against the fastest peer: the median of the rounds' ratios, or None."""
    better = min if case.task == "start-up" else max
    peers = [name for name in rates if not name.startswith("lamina")]
    if not peers or own not in rates:
        return None
    fastest = better(peers, key=lambda name: median(rates[name]))
    return {"peer": fastest, **_quotient(rates, own, fastest)}


def live_data(rates):
    """Lamina on live data against one fixed batch: the median of the rounds' ratios, or None."""
    return _quotient(rates, "lamina", who.FIXED.name) if {"lamina", who.FIXED.name} <= set(rates) else None


def _quotient(rates, own, other):
    return summarize([a / b for a, b in zip(rates[own], rates[other])])
