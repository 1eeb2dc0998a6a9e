"""Measures what several workers cost; see run."""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys

import model
import network

SUMS = [4096, 1 << 20, 25 << 20]
FASTER = [1, 10]
RATES = [1, 10, 25]


class Process:
    """One StepCost."""

    def __init__(self, args, batch, parts=1, threads=None, rank=0, size=1, port=0, namespaced=False):
        command = [*args.java, "dev.lamina.distributed.StepCost", str(args.width), str(batch), str(parts), *map(str, SUMS)]
        environment = dict(os.environ, RANK=str(rank), WORLD_SIZE=str(size), MASTER_PORT=str(port), LAMINA_WORKER_TIMEOUT="120")
        environment["MASTER_ADDR"] = network.address(0) if namespaced else "127.0.0.1"
        if threads:
            # As the launcher does for as many workers as processors.
            environment.update(TF_NUM_INTRAOP_THREADS=str(threads), TF_NUM_INTEROP_THREADS="2")
        if namespaced:
            command = ["ip", "netns", "exec", network.name(rank), *command]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit("a process ended")
        return json.loads(line)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Group:
    """Processes that do the same at the same time."""

    def __init__(self, processes):
        self.processes = processes
        self.seconds = []
        for process in processes:
            process.answer()

    def run(self, line):
        """Returns the answer of each."""
        for process in self.processes:
            process.ask(line)
        return [process.answer() for process in self.processes]

    def take(self, steps):
        """Takes steps, and keeps the mean time of the processes."""
        self.seconds += [statistics.mean(each) for each in zip(*self.run(f"step {steps}"))]

    def end(self):
        for process in self.processes:
            process.end()


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def workers(args, size, namespaced=False):
    port = 29500 if namespaced else free_port()
    return Group(
        [Process(args, args.share * size, 1, 1, rank, size, port, namespaced) for rank in range(size)])


def row(*cells):
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def header(*cells):
    row(*cells)
    row(*["---"] * len(cells))


def ms(seconds):
    return f"{1e3 * seconds:.0f}" if seconds > 0.02 else f"{1e3 * seconds:.1f}"


def summary(seconds):
    low, _, high = statistics.quantiles(seconds, n=4)
    return f"{ms(statistics.median(seconds))} ({ms(low)} to {ms(high)})"


def trace(group, repeats):
    """Returns the traced step of worker 0 of median duration, and the median share that waits for the exchange."""
    steps = group.run(f"trace {repeats}")[0]
    middle = sorted(steps, key=lambda step: step["seconds"])[len(steps) // 2]
    most = max(c["bytes"] for c in middle["collectives"])
    large = sorted((c for c in middle["collectives"] if 20 * c["bytes"] > most), key=lambda c: c["start"])
    end = max(c["start"] + c["seconds"] for c in large)
    return {
        "buckets": [(c["start"], c["bytes"]) for c in large],
        "computed": max(c["start"] for c in large),
        "rest": middle["seconds"] - end,
        "collectives": middle["collectives"],
        "seconds": middle["seconds"],
        "waiting": statistics.median(step["waiting"] / step["seconds"] for step in steps),
    }


def print_trace(traced):
    header("collective", "MB", "begins at ms", "ms")
    for each in sorted(traced["collectives"], key=lambda c: c["start"]):
        row(each["name"], f"{each['bytes'] / 1e6:.3f}", ms(each["start"]), ms(each["seconds"]))
    print(f"\nA traced step took {ms(traced['seconds'])} ms; for {100 * traced['waiting']:.1f} % of it nothing but the exchange ran.\n")


def machine(args):
    """Two workers beside the same work in one process."""
    batch = 2 * args.share
    groups = {
        f"one process, the whole batch of {batch}": Group([Process(args, batch)]),
        f"one process, two shards of {args.share}, one after the other": Group([Process(args, batch, 2)]),
        f"two processes at once, {args.share} each, that know nothing of each other":
            Group([Process(args, args.share, 1, 1) for _ in range(2)]),
        f"two workers, {args.share} each": workers(args, 2),
    }
    for group in groups.values():
        group.run("step 2")
    for _ in range(args.rounds):
        for group in groups.values():
            group.take(2)
    print(f"\nA step of resnet-cifar, width {args.width}, float32; median (quartiles) of {2 * args.rounds} steps in turn\n")
    header("", "ms")
    for name, group in groups.items():
        row(name, summary(group.seconds))
    print()
    traced = trace(list(groups.values())[-1], 3)
    print_trace(traced)
    for group in groups.values():
        group.end()


def networked(args, size):
    """Workers in namespaces with several rates, beside the model; returns what the model is made of."""
    lacking = network.missing()
    if lacking:
        sys.exit(lacking)
    bridge = network.Bridged(size)
    try:
        group = workers(args, size, True)
        group.run("step 2")
        free = sums(group, args)
        cost = model.cost(size, free)
        traced = trace(group, 3)
        print(f"\n{size} workers in namespaces, {args.share} images each: a message costs {ms(cost[0])} ms, a byte {1e9 * cost[1]:.2f} ns\n")
        print_trace(traced)
        header("Mbit/s", *(f"sum of {each / 1e6:.3f} MB, ms (model)" for each in SUMS), "step, ms", "model")
        for rate in [None, *args.rates]:
            if rate:
                bridge.rate(rate)
            bits = 1e6 * rate if rate else float("inf")
            measured = sums(group, args)
            group.seconds = []
            group.take(args.rounds)
            row(rate or "no limit",
                *(f"{ms(measured[each])} ({ms(model.all_reduce(size, each, cost, bits))})" for each in SUMS),
                summary(group.seconds), ms(model.step(size, traced, cost, bits)))
        group.end()
        return cost, traced
    finally:
        bridge.delete()


def sums(group, args):
    """Returns the median seconds by size; the first of each is left out."""
    return {
        size: statistics.median(group.run(f"sum {size} {1 + (args.rounds if size > 1 << 20 else 20)}")[0][1:])
        for size in SUMS}


def print_scaling(args, cost, traced):
    print("\nThe model for machines that compute as fast as a worker here, and 10 times as fast: efficiency, % of one alone\n")
    cost = (cost[0] + args.latency / 1e3, cost[1])
    alone = traced["computed"] + traced["rest"]
    header("machines", *(f"{ms(alone / f)} ms, {rate} Gbit/s" for f in FASTER for rate in RATES))
    for size in (2, 4, 8, 16, 32, 64):
        row(size, *(f"{100 * alone / f / model.step(size, traced, cost, 1e9 * rate, f):.0f}" for f in FASTER for rate in RATES))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", default=["machine", "2", "3", "4"], help="machine, or numbers of workers in namespaces")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--share", type=int, default=16, help="images of a worker")
    parser.add_argument("--rounds", type=int, default=5, help="of all contenders in turn, at least 2")
    parser.add_argument("--rates", type=int, nargs="*", default=[1000, 300, 100], help="in Mbit/s, falling")
    parser.add_argument("--latency", type=float, default=0.1, help="of a message between machines, in ms, for the scaling")
    parser.add_argument("--java", required=True, help="the command, with the class path")
    args = parser.parse_args()
    args.java = args.java.split(" ")
    for part in args.parts:
        if part == "machine":
            machine(args)
        else:
            cost, traced = networked(args, int(part))
            if part == "2":
                print_scaling(args, cost, traced)


if __name__ == "__main__":
    main()
