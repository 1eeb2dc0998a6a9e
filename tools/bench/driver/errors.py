"""What ends the run, or one contender, with one line."""


class BenchError(Exception):
    """Something failed; the message says what, and what to do."""


class OptionError(BenchError):
    """An option breaks its rule."""


class WorkerError(BenchError):
    """One contender's process failed."""
