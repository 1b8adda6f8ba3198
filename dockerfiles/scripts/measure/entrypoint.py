"""The first thing that a user's container does: what the ENTRYPOINT starts, asked for its help, which needs neither GPU nor network."""

import json
import os
import re
import signal

from . import engine
from .child import failure, run

# Importing torch and an engine takes some seconds, on a busy machine many.
SECONDS = 60
# What starts an engine where the ENTRYPOINT does not: one without it, or a script that starts what it is given.
SERVERS = {"vllm": ["vllm", "serve"], "sglang": ["python3", "-m", "sglang.launch_server"]}
# The last line of a traceback; what is printed after it says how Python ended, not why.
RAISED = re.compile(r"(?m)^([A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt)(?::.*\S)?) *$")


def starts(twice):
    """What it started, and how each ended. twice: again what failed, since what it says then may be another thing each time."""
    commands = [argv + ["--help"] for argv in programs(given(), [each["name"] for each in engine.engines()])]
    return [dict(found, again=ended(found["command"]) if twice and failed(found["end"]) else None) for found in map(start, commands)]


def given():
    """Words of the base's ENTRYPOINT; none in a base without one, and in a build by hand that does not say it."""
    try:
        words = json.loads(os.environ.get("BASE_ENTRYPOINT") or "[]")
    except ValueError:
        return []
    return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []


def programs(entrypoint, engines):
    servers = [] if any(name in word for word in entrypoint for name in SERVERS) else [SERVERS[name] for name in engines if name in SERVERS]
    return ([entrypoint] if entrypoint else []) + servers


def failed(ending):
    """Whether it ended by itself, with an error; who waits for what does not end waits long."""
    return ending["kind"] == "exit" and ending["code"] != 0


def start(argv):
    return dict(ended(argv), command=argv)


def ended(argv):
    done = run(argv, seconds=SECONDS, directory=os.getcwd())
    return {"end": end(done), "line": None if done.code == 0 else line(done)}


def end(done):
    if done.late:
        return {"kind": "late", "seconds": SECONDS}
    if done.code is None:
        return {"kind": "not started"}
    if done.code < 0:
        return {"kind": "signal", "signal": name_of(-done.code)}
    return {"kind": "exit", "code": done.code}


def name_of(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return "signal %d" % number


def line(done):
    """The one that says why."""
    raised = RAISED.findall(done.err) or RAISED.findall(done.out)
    return failure(raised[-1] if raised else done.why())["error"]
