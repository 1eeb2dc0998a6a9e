"""What the machine is, as Linux tells it."""

import os
import subprocess

BFLOAT16 = ("avx512_bf16", "amx_bf16")
INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", *BFLOAT16)


def processor():
    """Model, number of processors and the instruction sets that matter here."""
    facts = {}
    with open("/proc/cpuinfo") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            facts.setdefault(name.strip(), value.strip())
    flags = facts.get("flags", "").split()
    return {
        "model": facts.get("model name", "unknown"),
        "processors": len(os.sched_getaffinity(0)),
        "instructions": {name: name in flags for name in INSTRUCTIONS},
    }


def has_bfloat16(processor):
    return any(processor["instructions"][name] for name in BFLOAT16)


def gpu():
    """The first graphics card with its driver, or None."""
    query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        found = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.splitlines()[0].strip() if found.strip() else None


def commit(home):
    """The commit that is measured, with "+changes" where files differ from it."""
    try:
        head = _git(home, "rev-parse", "--short", "HEAD")
        return head + ("+changes" if _git(home, "status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(home, *arguments):
    return subprocess.run(
        ["git", "-C", home, *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


def peak_memory_mb(pid):
    """The peak resident memory of a process so far."""
    with open(f"/proc/{pid}/status") as lines:
        for line in lines:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return None


def processor_seconds(pid):
    """The processor time that a process has used so far."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busy_seconds():
    """The processor time that all programs of this machine have used so far, and the time that the
    machine's host has kept from it."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, interrupts, soft, steal = map(int, file.readline().split()[1:9])
    ticks = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + interrupts + soft) / ticks, steal / ticks
