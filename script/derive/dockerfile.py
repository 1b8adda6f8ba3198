"""Values that a published image was built with, read from a Dockerfile and from the commands of the pipeline that builds it."""

import re

ARGUMENT = re.compile(r"(?m)^ARG[ \t]+(\w+)=[\"']?([^\s\"']+)")
GIVEN = re.compile(r"--build-arg[ =](\w+)=[\"']?([^\s\"']+)")
BUILD = re.compile(r"(?m)docker (?:buildx )?build .*$")
# A tag that goes on behind the machine's name is that of a variant: `$(uname -m)-cu130`
VARIANT = re.compile(r"(?:--tag|-t)[ =]\S*\$\(uname -m\)-|build-metadata-args\.sh +[\w-]")


def defaults(text):
    """Name → value of the arguments before the first stage, and of those to which all stages give the same."""
    found = {}
    for name, value in ARGUMENT.findall(text):
        found.setdefault(name, set()).add(value)
    before = ARGUMENT.findall(re.split(r"(?mi)^FROM\s", text)[0])
    return {**{name: min(values) for name, values in found.items() if len(values) == 1}, **dict(before)}


def of_release(text):
    """Name → value of the arguments of the plain image for x86_64 in vLLM's release pipeline; None where it builds none."""
    for command in BUILD.findall(re.sub(r"\\\r?\n", " ", text)):
        plain = "docker/Dockerfile " in command and "--target vllm-openai" in command and not VARIANT.search(command)
        if plain and "aarch64" not in command:
            return dict(GIVEN.findall(command))
    return None
