"""The debug tools, really started."""

import shutil

from .child import OK, failure, run

# Command, arguments that make it answer without a device or a network, and a text that is an answer, too, whatever the
# exit code: without InfiniBand in the kernel, ibv_devices says so and ends with 1.
TOOLS = (
    ("ibv_devices", [], "Failed to get IB devices list"),
    ("ib_write_bw", ["--version"], "Version:"),
    ("ip", ["-V"], None),
    ("ping", ["-V"], None),
    ("ifconfig", ["--version"], "net-tools"),
)


def tools():
    return [{"command": command, "path": shutil.which(command), "start": start(command, arguments, answer)} for command, arguments, answer in TOOLS]


def start(command, arguments, answer):
    if shutil.which(command) is None:
        return failure("%s is not on the PATH" % command)
    done = run([command] + arguments)
    answered = answer is not None and done.code in (0, 1) and answer in done.out + done.err
    return OK if done.code == 0 or answered else failure(done.why())
