"""The worker's side of the conversation with the driver; ../README.md describes it."""

import json
import os
import sys
import time

# What libraries print must not reach the driver: standard output becomes standard error, and the
# protocol keeps the pipe for itself.
_pipe = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def arguments():
    """The arguments, each NAME=VALUE, with whole numbers as int."""
    pairs = (argument.split("=", 1) for argument in sys.argv[1:])
    return {name: int(value) if value.isdigit() else value for name, value in pairs}


def send(event, **fields):
    _pipe.write(json.dumps({"event": event, **fields}) + "\n")
    _pipe.flush()


def serve(step, finish, loss, warm, versions):
    """Takes the first step, warms up, and runs the rounds that the driver asks for.

    step: takes one step and gives something that is ready when the step is done
    finish: waits for it
    loss: the loss as a float, from what the first step gave
    warm: the seconds to warm up for, whole
    """
    send("first", loss=loss(step()))
    seconds = _timed(step, finish, 1) if warm else 0
    spent = seconds
    while spent < warm:
        seconds = _timed(step, finish, 1)
        spent += seconds
    send("ready", seconds=seconds, versions=versions)
    for line in sys.stdin:
        send("round", seconds=_timed(step, finish, int(line)))


def _timed(step, finish, count):
    start = time.perf_counter()
    for _ in range(count):
        done = step()
    finish(done)
    return time.perf_counter() - start
