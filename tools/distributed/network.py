"""Networks between network namespaces of this machine, to run one worker in each; Linux and root only, one at a time.

    python3 network.py DELAY_MS LOSS_PERCENT    two namespaces, lamina0 (10.99.0.1) and lamina1 (10.99.0.2)

prints "ready", and removes them when its input ends. Their packets pass through this program, which delays and drops
them: the kernels of virtual machines often lack tc's netem.
"""

import fcntl
import os
import random
import selectors
import struct
import subprocess
import sys
import time
from collections import deque

TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x1001


def ip(*words):
    subprocess.run(["ip", *map(str, words)], check=True)


def name(i):
    return f"lamina{i}"


def address(i):
    return f"10.99.0.{i + 1}"


def missing():
    """Returns what this machine lacks, or an empty text."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "namespaces need root on Linux"
    for program in ("ip", "tc"):
        if subprocess.run(["which", program], capture_output=True).returncode:
            return f"namespaces need {program} (iproute2)"
    return "" if os.path.exists("/dev/net/tun") else "namespaces need /dev/net/tun"


def up(i, device):
    ip("-n", name(i), "addr", "add", f"{address(i)}/24", "dev", device)
    ip("-n", name(i), "link", "set", device, "up")
    ip("-n", name(i), "link", "set", "lo", "up")


def delete(size):
    for i in range(size):
        subprocess.run(["ip", "netns", "delete", name(i)], stderr=subprocess.DEVNULL)


class Bridged:
    """Namespaces on a bridge, each of which sends and receives at most at a rate."""

    BRIDGE = "lamina-br"

    def __init__(self, size):
        self.size = size
        self.delete()
        ip("link", "add", self.BRIDGE, "type", "bridge")
        ip("link", "set", self.BRIDGE, "up")
        for i in range(size):
            ip("netns", "add", name(i))
            ip("link", "add", f"lamina-v{i}", "type", "veth", "peer", "name", "eth0", "netns", name(i))
            ip("link", "set", f"lamina-v{i}", "master", self.BRIDGE, "up")
            up(i, "eth0")

    def rate(self, mbit):
        """Limits what each sends and receives."""
        burst = max(32_000, int(mbit * 1e6 / 8 / 250))  # What passes between two ticks of the kernel.
        words = ["root", "tbf", "rate", f"{mbit}mbit", "burst", str(burst), "latency", "50ms"]
        for i in range(self.size):
            subprocess.run(["tc", "-n", name(i), "qdisc", "replace", "dev", "eth0", *words], check=True)
            subprocess.run(["tc", "qdisc", "replace", "dev", f"lamina-v{i}", *words], check=True)

    def delete(self):
        delete(self.size)
        subprocess.run(["ip", "link", "delete", self.BRIDGE], stderr=subprocess.DEVNULL)


def tun(i):
    """Returns the file of a device of a namespace: what is sent there can be read here, and the reverse."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", b"lamina-t%d" % i, IFF_TUN_NO_PI))
    ip("link", "set", f"lamina-t{i}", "netns", name(i))
    up(i, f"lamina-t{i}")
    return device


def relay(devices, delay, loss):
    """Passes packets on until the input of this program ends."""
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ)
    for device in devices:
        selector.register(device, selectors.EVENT_READ)
    waiting = deque()
    while True:
        timeout = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        for key, _ in selector.select(timeout):
            if key.fileobj is sys.stdin:
                if not sys.stdin.readline():
                    return
                continue
            try:
                packet = os.read(key.fd, 65536)
            except OSError:
                continue
            if random.random() >= loss:
                other = devices[1 - devices.index(key.fd)]
                waiting.append((time.monotonic() + delay, other, packet))
        while waiting and waiting[0][0] <= time.monotonic():
            _, device, packet = waiting.popleft()
            try:
                os.write(device, packet)
            except OSError:
                pass  # The device is down.


def main(delay, loss):
    lacking = missing()
    if lacking:
        sys.exit(lacking)
    delete(2)
    try:
        for i in range(2):
            ip("netns", "add", name(i))
        devices = [tun(i) for i in range(2)]
        print("ready", flush=True)
        relay(devices, float(delay) / 1e3, float(loss) / 100)
    finally:
        delete(2)


if __name__ == "__main__":
    main(*sys.argv[1:])
