"""One contender's process, as the driver sees it."""

import json
import os
import select
import subprocess
import time

from errors import WorkerError
from machine import peak_memory_mb, processor_seconds

# Compiling the network can take minutes.
TIMEOUT_SECONDS = 1800


class Worker:
    """A process that builds a contender and then runs the rounds it is asked for."""

    def __init__(self, name, command, log, threads, environment):
        """Starts the process.

        log: the file that takes what it says beside the protocol
        threads: the processors that it may use
        """
        self.name = name
        self.log = log
        self.started = time.perf_counter()
        processors = sorted(os.sched_getaffinity(0))[:threads]
        with open(log, "wb") as errors:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                preexec_fn=lambda: os.sched_setaffinity(0, processors),
            )
        self.buffer = b""

    def expect(self, event):
        """The next message, which must be of this kind."""
        while True:
            line = self._line()
            if not line.startswith(b'{"event":'):
                continue
            message = json.loads(line)
            if message["event"] != event:
                raise self._failure(f"sent {message['event']} where {event} was due")
            return message

    def round(self, steps):
        """Runs a round and gives what the worker says of it."""
        try:
            self.process.stdin.write(f"{steps}\n".encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            raise self._failure("ended") from None
        return self.expect("round")

    def seconds_since_start(self):
        return time.perf_counter() - self.started

    def peak_memory_mb(self):
        return peak_memory_mb(self.process.pid)

    def processor_seconds(self):
        return processor_seconds(self.process.pid)

    def close(self):
        """Ends the process."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def _line(self):
        end = time.monotonic() + TIMEOUT_SECONDS
        while b"\n" not in self.buffer:
            ready, _, _ = select.select([self.process.stdout], [], [], end - time.monotonic())
            if not ready:
                raise self._failure(f"gave no answer for {TIMEOUT_SECONDS} s")
            chunk = os.read(self.process.stdout.fileno(), 65536)
            if not chunk:
                raise self._failure("ended")
            self.buffer += chunk
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line

    def _failure(self, what):
        try:
            status = self.process.wait(5)
        except subprocess.TimeoutExpired:
            status = None
        if status == -9:
            what += " by signal 9, as Linux does where memory runs out"
        elif status is not None:
            what += f" with status {status}"
        return WorkerError(f"{self.name} {what}: {self._last_words()} (see {self.log})")

    def _last_words(self):
        with open(self.log, errors="replace") as lines:
            words = [line.strip() for line in lines if line.strip()]
        # Java ends with the places of an exception; its message is the line before them.
        words = [line for line in words if not line.startswith(("at ", "... "))]
        return words[-1] if words else "it said nothing"
