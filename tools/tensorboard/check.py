"""Reads the event files of a run with TensorBoard's own reader, and compares them with its history."""

import csv
import math
import pathlib
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

NOTHING_DROPPED = {"scalars": 0, "histograms": 0, "images": 0, "tensors": 0}
PNG = b"\x89PNG\r\n\x1a\n"


def check(condition, message):
    if not condition:
        sys.exit("WRONG: " + message)


def close(actual, expected, tag):
    check(math.isclose(actual, expected, rel_tol=1e-6), f"{tag} is {actual}, history.csv has {expected}")


def check_scalars(events, rows):
    columns = {
        "loss/training": "loss",
        "accuracy/training": "accuracy",
        "loss/validation": "val_loss",
        "accuracy/validation": "val_accuracy",
    }
    for tag, column in columns.items():
        expected = [row for row in rows if row[column]]
        if expected:
            values = events.Scalars(tag)
            check([v.step for v in values] == [int(row["steps"]) for row in expected], f"steps of {tag}")
            for value, row in zip(values, expected):
                close(value.value, float(row[column]), tag)
    rates = {value.step: value.value for value in events.Scalars("learning_rate")}
    check(len(rates) == len(events.Scalars("learning_rate")), "a step has two learning rates")
    for row in rows:
        if int(row["steps"]) in rates:
            close(rates[int(row["steps"])], float(row["learning_rate"]), "learning_rate")
    check(min(value.value for value in events.Scalars("images_per_second")) > 0, "images_per_second")


def check_others(events, epochs):
    histograms = events.Tags()["histograms"]
    for kind in ("weights/", "gradients/"):
        check(any(tag.startswith(kind) for tag in histograms), "no histograms of " + kind)
    for tag in histograms:
        values = events.Histograms(tag)
        check(len(values) == epochs, f"{tag} has {len(values)} histograms of {epochs} epochs")
        for value in values:
            histogram = value.histogram_value
            check(sum(histogram.bucket) == histogram.num > 0, "counts of " + tag)
    for tag in ("augmented_samples", "confusion_matrix"):
        for image in events.Images(tag):
            check(image.encoded_image_string.startswith(PNG) and image.width > 100, "picture " + tag)
    content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    parameters = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams
    check(parameters["batchSize"].number_value > 0, "hyper-parameter batchSize")
    check(parameters["optimizer.kind"].string_value == "Momentum", "hyper-parameter optimizer.kind")
    return len(histograms), len(parameters)


def main(run):
    rows = list(csv.DictReader((run / "history.csv").open()))
    events = EventAccumulator(str(run / "tensorboard"), size_guidance=NOTHING_DROPPED)
    events.Reload()
    check_scalars(events, rows)
    histograms, parameters = check_others(events, len(rows))
    scalars = len(events.Tags()["scalars"])
    print(f"{scalars} scalars, {histograms} histograms, {parameters} hyper-parameters, {len(rows)} epochs: right")


main(pathlib.Path(sys.argv[1]))
