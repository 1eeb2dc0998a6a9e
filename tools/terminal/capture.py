"""Runs a command in a pseudo-terminal and prints what the terminal showed: python3 capture.py COLUMNS COMMAND...

Of a line that was written again and again, such as a progress bar, it prints the state in the middle. Lines that are wider than the
terminal are wrapped as it wraps them.
"""

import fcntl
import os
import pty
import re
import struct
import sys
import termios


def run(columns, command):
    pid, terminal = pty.fork()
    if pid == 0:
        # Before the command can ask for it.
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        os.environ["TERM"] = "xterm"
        os.execvp(command[0], command)
    shown = b""
    try:
        while part := os.read(terminal, 65536):
            shown += part
    except OSError:  # the end, on Linux
        pass
    os.waitpid(pid, 0)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())


def lines(text, columns):
    for line in text.split("\n"):
        states = [state for state in line.split("\r") if state.strip()]
        if states:
            state = states[len(states) // 2].rstrip()
            yield from (state[i:i + columns] for i in range(0, len(state), columns))
        else:
            yield ""


columns = int(sys.argv[1])
print("\n".join(lines(run(columns, sys.argv[2:]), columns)).rstrip())
