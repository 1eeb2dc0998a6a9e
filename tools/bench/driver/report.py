"""What the reader sees, and the results as JSON."""

import json
import os
from statistics import median

import contenders as who
from measure import live_data, ratio, summarize


class Report:
    """Collects results and prints them as they come."""

    def __init__(self, file, facts):
        """file: where the results are kept, as they are after every case"""
        self.file = file
        self.results = {**facts, "parity": {}, "cases": {}, "notes": []}

    def note(self, text):
        self.results["notes"].append(text)
        print(f"note: {text}", flush=True)

    def head(self):
        processor = self.results["processor"]
        has = [
            f"{name} {'yes' if there else 'no'}"
            for name, there in processor["instructions"].items()
        ]
        print(f"{processor['model']}, {processor['processors']} processors; {', '.join(has)}")
        if self.results["gpu"]:
            print(f"GPU, driver: {self.results['gpu']}")
        options = self.results["options"]
        print(
            f"ResNetCifar of width {options['width']}, {options['threads']} threads,"
            f" {options['rounds']} rounds of {options['seconds']:g} s;"
            f" Lamina at commit {self.results['commit']}",
            flush=True,
        )

    def parity(self, losses):
        self.results["parity"] = losses
        print("\nparity: loss of the first training step, batch 64, equal weights")
        for name, loss in losses.items():
            print(f"  {name:<20}{loss:>12.7f}", flush=True)

    def case(self, case, found, multiply_adds):
        """Prints a case and keeps it."""
        start_up = case.task == "start-up"
        result = {"unit": "s" if start_up else "images/s", "contenders": {}}
        median_of = f"{result['unit']} (median)"
        print(f"\n{case.name:<22}{median_of:>18}{'min':>12}{'max':>12}{'peak MB':>10}")
        for name, rates in found["rates"].items():
            if not rates:
                continue
            row = summarize(rates)
            memory = found["memory"].get(name)
            if memory:
                row["peak_memory_mb"] = memory
            result["contenders"][name] = row
            print(
                f"  {name:<20}{number(row['median']):>18}{number(row['min']):>12}"
                + f"{number(row['max']):>12}"
                + (f"{memory:>10,.0f}" if memory else "")
            )
        result["failed"] = found["failed"]
        for own in ("lamina", who.COMPILED):
            versus = ratio(case, found["rates"], own)
            if not versus:
                continue
            result["ratio" if own == "lamina" else "ratio_compiled"] = versus
            print(
                f"  {own} / {versus['peer']}, the fastest peer: {versus['median']:.3f}"
                f" ({versus['min']:.3f} to {versus['max']:.3f})"
                + ("; lower is better" if start_up else "")
            )
        live = live_data(found["rates"])
        if live:
            result["live_data"] = live
            print(
                f"  lamina on live data / on one fixed batch: {live['median']:.3f}"
                f" ({live['min']:.3f} to {live['max']:.3f})"
            )
        if found["peaks"]:
            result["convolution"] = convolution(case, found, multiply_adds)
            print_convolution(result["convolution"])
        self.results["cases"][case.name] = result
        self._save()

    def end(self, versions):
        self.results["versions"] = versions
        print("\nversions")
        for framework, parts in versions.items():
            text = ", ".join(f"{name} {parts[name]}" for name in sorted(parts))
            print(f"  {framework:<20}{text}")
        self._save()
        print(f"\nresults: {self.file}", flush=True)

    def incomplete(self):
        """Whether a contender was left out."""
        return any(case["failed"] for case in self.results["cases"].values())

    def _save(self):
        with open(f"{self.file}.part", "w") as out:
            json.dump(self.results, out, indent=2)
            out.write("\n")
        os.replace(f"{self.file}.part", self.file)


def convolution(case, found, multiply_adds):
    """The machine's own 3x3 convolution rate, and what share of it Lamina's step reaches."""
    directions = ("forward", "input_gradient", "filter_gradient")
    result = {
        direction: median(peak[direction] for peak in found["peaks"]) for direction in directions
    }
    best = [max(peak[direction] for direction in directions) for peak in found["peaks"]]
    result["best"] = median(best)
    lamina = found["rates"].get("lamina")
    if lamina:
        # Forward and both gradients, two operations for each multiply-add.
        gigaflop = 3 * 2 * multiply_adds / 1e9
        result["gigaflop_an_image"] = gigaflop
        shares = [rate * gigaflop / peak for rate, peak in zip(lamina, best)]
        result["share"] = summarize(shares)
        mean = [
            rate * gigaflop / 3 * sum(1 / peak[direction] for direction in directions)
            for rate, peak in zip(lamina, found["peaks"])
        ]
        result["share_by_direction"] = summarize(mean)
    return result


def print_convolution(result):
    print(
        f"  3x3 convolutions alone: {result['best']:.1f} GFLOP/s at best (forward"
        f" {result['forward']:.1f}, input gradient {result['input_gradient']:.1f}, filter gradient"
        f" {result['filter_gradient']:.1f})"
    )
    if "share" in result:
        share, mean = result["share"], result["share_by_direction"]
        print(
            f"  lamina's step ({result['gigaflop_an_image']:.2f} GFLOP an image) reaches"
            f" {share['median']:.3f} of the best rate ({share['min']:.3f} to {share['max']:.3f}),"
            f" {mean['median']:.3f} of the best rates of the three directions"
        )


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.2f}"
