"""Build arguments of a published image, read from its Dockerfile and from its release pipeline."""

from __future__ import annotations

import re

ARGUMENT = re.compile(r"(?m)^ARG[ \t]+(\w+)=[\"']?([^\s\"']+)")
GIVEN = re.compile(r"--build-arg[ =](\w+)=[\"']?([^\s\"']+)")
BUILD = re.compile(r"(?m)docker (?:buildx )?build .*$")
# A variant's tag goes on behind the machine's name: `$(uname -m)-cu130`
VARIANT = re.compile(r"(?:--tag|-t)[ =]\S*\$\(uname -m\)-|build-metadata-args\.sh +[\w-]")


def defaults(text: str) -> dict[str, str]:
    """Name → default of the arguments before the first stage, or with one default everywhere."""
    found: dict[str, set[str]] = {}
    for name, value in ARGUMENT.findall(text):
        found.setdefault(name, set()).add(value)
    before = ARGUMENT.findall(re.split(r"(?mi)^FROM\s", text)[0])
    return {**{name: min(values) for name, values in found.items() if len(values) == 1}, **dict(before)}


def of_release(text: str) -> dict[str, str] | None:
    """Name → value of the arguments of the plain x86_64 image in vLLM's release pipeline.

    None if it builds none.
    """
    for command in BUILD.findall(re.sub(r"\\\r?\n", " ", text)):
        plain = "docker/Dockerfile " in command and "--target vllm-openai" in command and not VARIANT.search(command)
        if plain and "aarch64" not in command:
            return dict(GIVEN.findall(command))
    return None
