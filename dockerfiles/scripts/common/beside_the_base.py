"""pip for what the base lacks. What the base has stays at its version."""

import re
from importlib import metadata

from .failure import Failure, say
from .python_packages import installed, normal, pip, vendored
from .requirements import parse

CONSTRAINTS = "/tmp/constraints.txt"

REPLACED = re.compile(r"^(aibrix-kvcache|nixl(-cu\d+)?)$")
# `===` takes any text, which a file of constraints may read otherwise.
PLAIN = re.compile(r"^(?!.*===)[\w.,<>=!~*+]+$")


def pip_beside_the_base(arguments, requirements, what):
    """Runs pip for requirements that the base lacks, under the versions of what it has. what: as pip's.

    What its packages ask of those that are not there either counts, too, where pip finds such versions: vllm 0.33.0 pins nvtx, of which
    AIBrix takes any.
    """
    held, asked = frozen(), asked_of_absent()
    say("constraints: %d versions of the base are held" % len(held))
    while True:
        with open(CONSTRAINTS, "w", encoding="utf-8") as file:
            file.writelines("%s\n" % line for line in held + [name + versions for name, versions in asked])
        try:
            return pip(arguments + ["-c", CONSTRAINTS] + requirements, what)
        except Failure as failure:
            if not asked:
                raise
            asked = without_named(asked, str(failure))
            say("again without what the base's packages ask and can't be had: %s" % failure)


def without_named(asked, sentence):
    """Those that a failure of pip does not name; none where it names none."""
    named = {normal(word.rstrip(".-")) for word in re.findall(r"[A-Za-z0-9][\w.-]*", sentence)}
    left = [one for one in asked if one[0] not in named]
    return left if len(left) < len(asked) else []


def frozen():
    """Constraints that hold everything installed at its version. Versions that are not PEP 440 are left out: pip would refuse all
    constraints for one (Ubuntu's own packages have such)."""
    vendored()
    from pip._vendor.packaging.version import InvalidVersion, Version

    lines = []
    for name, version in sorted(installed().items()):
        try:
            Version(version)
        except (InvalidVersion, TypeError):
            continue
        lines.append("%s==%s" % (name, version))
    return lines


def asked_of_absent():
    """What is installed asks of what is not, as (normalised name, versions). What extras ask is nobody's, and what AIBrix and NIXL in the
    base ask goes with them."""
    have, seen, asked = installed(), set(), set()
    for distribution in metadata.distributions():
        name = normal(distribution.metadata["Name"] or "")
        if name in seen or REPLACED.match(name):
            continue
        seen.add(name)
        for text in distribution.requires or ():
            try:
                requirement = parse(text)
                usable = requirement is not None and is_plain(requirement)
            except ValueError:  # older packages may have what PEP 508 has no words for
                continue
            if usable and normal(requirement.name) not in have:
                asked.add((normal(requirement.name), str(requirement.specifier)))
    return sorted(asked)


def is_plain(requirement):
    """Whether it says no more than versions: an address would be where pip takes the package from, a pre-release would let others in."""
    versions = str(requirement.specifier)
    return not requirement.url and bool(PLAIN.match(versions)) and not requirement.specifier.prereleases
