"""How long a step of n workers takes, from what was measured of two: the ring all-reduce of each bucket begins when its
gradients are there and the one before has ended, and the update waits for the last."""


def all_reduce(workers, size, cost, bits):
    """Returns the seconds of one ring all-reduce: 2(n - 1) messages of size / n bytes, one after another.

    cost: seconds of a message and of a byte, where the network takes no time; bits: the network's rate per second.
    """
    message, byte = cost
    return 2 * (workers - 1) * (message + size / workers * max(byte, 8 / bits))


def cost(workers, seconds_by_size):
    """Returns the seconds of a message and of a byte, from those of a small and a large sum."""
    (small, of_small), (large, of_large) = min(seconds_by_size.items()), max(seconds_by_size.items())
    messages = 2 * (workers - 1)
    byte = max(0, of_large - of_small) / (large - small) * workers / messages
    return max(0, of_small / messages - small / workers * byte), byte


def step(workers, trace, cost, bits, faster=1):
    """Returns the seconds of a step.

    trace: {"buckets": [(ready, bytes)], "computed": when the backward pass ends, "rest": seconds after the last bucket}
    faster: by how much a machine computes faster than the traced one
    """
    end = 0
    for ready, size in trace["buckets"]:
        end = max(end, ready / faster) + all_reduce(workers, size, cost, bits)
    return max(end, trace["computed"] / faster) + trace["rest"] / faster
