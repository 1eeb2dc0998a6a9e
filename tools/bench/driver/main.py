"""The benchmark's command: options, and the order of what is run."""

import argparse
import datetime
import fnmatch
import os
import signal
import sys
from statistics import median

import contenders as who
import machine
from errors import BenchError, OptionError
from measure import Measure
from prepare import prepare
from report import Report

HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

QUICK = {
    "width": 16,
    "rounds": 2,
    "seconds": 1.0,
    "cases": "train-64-*,infer-1,infer-64,pipeline,start-up",
    "contenders": "lamina,djl,torch,torch-cl,torch-jit,keras",
}
FULL = {"width": 64, "rounds": 5, "seconds": 3.0, "cases": "*", "contenders": "*"}


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise OptionError(f"{message}; --help lists the options")


def options(arguments):
    parser = Parser(
        prog="tools/bench/run",
        description="Compares Lamina with DJL, PyTorch and Keras on this machine.",
        epilog=f"cases: {', '.join(case.name for case in who.CASES)}. "
        f"contenders: {', '.join(contender.name for contender in who.ALL)}.",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="width 16, 2 rounds of 1 s, the cases of small batches, nothing that is compiled",
    )
    parser.add_argument(
        "--gpu",
        action="store_true",
        help="training on the first GPU, beside PyTorch; on the processor, to rehearse, where there"
        " is none",
    )
    parser.add_argument("--cases", help="names or patterns, with commas; all unless set")
    parser.add_argument("--contenders", help="names or patterns, with commas; all unless set")
    parser.add_argument("--width", type=int, help="channels of the first stage; 64 unless set")
    parser.add_argument("--rounds", type=int, help="5 unless set")
    parser.add_argument("--seconds", type=float, help="seconds of a round; 3 unless set")
    parser.add_argument(
        "--threads", type=int, help="processors that each contender may use; all unless set"
    )
    parser.add_argument(
        "--all-variants",
        action="store_true",
        help="every variant at every batch, not only each framework's fastest at batch 64",
    )
    parser.add_argument(
        "--bfloat16",
        action="store_true",
        help="measure bfloat16 also where the processor has no instructions for it",
    )
    parser.add_argument(
        "--json", help="the file for the results; under tools/bench/target unless set"
    )
    chosen = parser.parse_args(arguments)
    if chosen.quick and chosen.gpu:
        raise OptionError("--quick must be without --gpu; choose --cases and --width")
    for name, value in (QUICK if chosen.quick else FULL).items():
        if getattr(chosen, name) is None:
            setattr(chosen, name, value)
    processors = len(os.sched_getaffinity(0))
    if chosen.threads is None:
        chosen.threads = processors
    for name in ("width", "rounds"):
        if getattr(chosen, name) < 1:
            raise OptionError(f"--{name} must be positive, got {getattr(chosen, name)}")
    if not 0 < chosen.seconds <= 600:
        raise OptionError(f"--seconds must be in (0, 600], got {chosen.seconds:g}")
    if not 1 <= chosen.threads <= processors:
        raise OptionError(f"--threads must be in 1..{processors}, got {chosen.threads}")
    if chosen.json and not os.path.isdir(os.path.dirname(os.path.abspath(chosen.json))):
        raise OptionError(f"--json must be in a folder that exists, got {chosen.json}")
    return chosen


def matching(option, patterns, everything):
    """Those whose name matches one of the patterns; every pattern must match something."""
    found = []
    for pattern in patterns.split(","):
        matches = [one for one in everything if fnmatch.fnmatchcase(one.name, pattern)]
        if not matches:
            names = ", ".join(one.name for one in everything)
            raise OptionError(f"{option} must match some of {names}, got {pattern}")
        found += matches
    return [one for one in everything if one in found]


def fastest_variants(chosen, rates):
    """The fastest contender of each framework, where some case has ranked them."""
    best = {}
    for contender in chosen:
        if contender.name in rates and contender is not who.FIXED:
            rate = median(rates[contender.name])
            best[contender.framework] = max(
                best.get(contender.framework, (0, None)), (rate, contender.name)
            )
    names = {name for _, name in best.values()}
    return [contender for contender in chosen if contender.name in names]


def run(arguments):
    """Gives the exit status."""
    chosen = options(arguments)
    cases = matching("--cases", chosen.cases, who.GPU_CASES if chosen.gpu else who.CASES)
    everybody = who.GPU if chosen.gpu else who.ALL
    contenders = matching("--contenders", chosen.contenders, everybody)
    processor = machine.processor()
    card = machine.gpu() if chosen.gpu else None
    root = os.path.dirname(os.path.dirname(HOME))
    now = datetime.datetime.now().astimezone()
    file = chosen.json or f"{HOME}/target/results-{now:%Y%m%d-%H%M%S}.json"
    report = Report(
        file,
        {
            "date": now.isoformat(timespec="seconds"),
            "commit": machine.commit(root),
            "processor": processor,
            "gpu": card,
            "options": vars(chosen),
        },
    )
    place = prepare(HOME, chosen.width, {contender.framework for contender in contenders})
    report.head()
    if chosen.gpu and not card:
        report.note("rehearsed on the processor: nvidia-smi names no GPU")
    if not machine.has_bfloat16(processor) and not chosen.bfloat16:
        if any(case.precision == who.BFLOAT16 for case in cases):
            report.note(
                "bfloat16 is left out: the processor has no instructions for it"
                " (--bfloat16 measures it all the same)"
            )
        cases = [case for case in cases if case.precision != who.BFLOAT16]

    measure = Measure(place, chosen, report.note)
    frameworks = {contender.framework for contender in contenders}
    # On a GPU the first losses of each case are compared, in its own precision.
    if place.weights and not chosen.gpu:
        report.parity(
            measure.parity([one for one in who.ALL if one.start_up and one.framework in frameworks])
        )
    ranked = {}
    for case in cases:
        taking_part = [contender for contender in contenders if case.suits(contender)]
        ranking = ranked.get((case.task, case.precision))
        if case.batch not in (1, 64) and ranking and not chosen.all_variants:
            taking_part = fastest_variants(taking_part, ranking)
        if not taking_part:
            report.note(f"{case.name}: none of the chosen contenders can do it")
            continue
        print(f"measuring {case.name} ...", file=sys.stderr, flush=True)
        with_peak = case.task == "train" and case.batch == 64 and not chosen.gpu
        found = measure.case(case, taking_part + [who.PEAK] * with_peak)
        if case.batch == 64:
            ranked[(case.task, case.precision)] = found["rates"]
        report.case(case, found, measure.multiply_adds)
    report.end(measure.versions)
    return 1 if report.incomplete() else 0


def main():
    # Ended from outside, it still ends its workers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if not sys.platform.startswith("linux"):
            raise BenchError("tools/bench/run must run on Linux: it reads /proc")
        return run(sys.argv[1:])
    except OptionError as e:
        print(f"bench: {e}", file=sys.stderr)
        return 2
    except BenchError as e:
        print(f"bench: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130


sys.exit(main())
