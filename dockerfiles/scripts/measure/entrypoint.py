"""The first thing that a user's container does.

What the ENTRYPOINT starts is started with --help, which needs neither GPU nor network.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from typing import Any

from . import engine
from .subprocesses import Done, failure, run, signal_name

# Importing torch and an engine takes some seconds, on a busy machine many.
SECONDS = 60
# Starts an engine if the ENTRYPOINT does not: without one, or with a script that starts its
# arguments.
SERVERS = {"vllm": ["vllm", "serve"], "sglang": ["python3", "-m", "sglang.launch_server"]}
# The last line of a traceback; what is printed after it says how Python ended, not why.
RAISED = re.compile(r"(?m)^([A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt)(?::.*\S)?) *$")


def starts(twice: bool) -> list[dict[str, Any]]:
    """What was started, and how each ended.

    twice: repeat what failed, since its message may differ each time.
    """
    commands = [[*argv, "--help"] for argv in programs(given(), [each["name"] for each in engine.engines()])]
    found = map(start, commands)
    return [{**one, "again": ended(one["command"]) if twice and failed(one["end"]) else None} for one in found]


def given() -> list[str]:
    """Words of the base's ENTRYPOINT.

    Empty for a base without one, and in a build by hand that does not pass it.
    """
    try:
        words = json.loads(os.environ.get("BASE_ENTRYPOINT") or "[]")
    except ValueError:
        return []
    return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []


def programs(entrypoint: list[str], engines: Iterable[str]) -> list[list[str]]:
    starts_engine = any(name in word for word in entrypoint for name in SERVERS)
    servers = [] if starts_engine else [SERVERS[name] for name in engines if name in SERVERS]
    return ([entrypoint] if entrypoint else []) + servers


def failed(ending: dict[str, Any]) -> bool:
    """Whether it ended by itself with an error; to repeat what does not end would take long."""
    return ending["kind"] == "exit" and ending["code"] != 0


def start(argv: Sequence[str]) -> dict[str, Any]:
    return {**ended(argv), "command": argv}


def ended(argv: Sequence[str]) -> dict[str, Any]:
    done = run(argv, seconds=SECONDS, directory=os.getcwd())
    return {"end": end(done), "line": None if done.code == 0 else line(done)}


def end(done: Done) -> dict[str, Any]:
    if done.late:
        return {"kind": "late", "seconds": SECONDS}
    if done.code is None:
        return {"kind": "not started"}
    if done.code < 0:
        return {"kind": "signal", "signal": signal_name(-done.code)}
    return {"kind": "exit", "code": done.code}


def line(done: Done) -> str:
    """The line that says why."""
    raised = RAISED.findall(done.err) or RAISED.findall(done.out)
    return failure(raised[-1] if raised else done.why())["error"]
