"""pip for what the base lacks. What the base has stays at its version."""

from importlib import metadata

from .failure import Failure, say
from .python_packages import installed, normal, pip, vendored
from .requirements import parse

CONSTRAINTS = "/tmp/constraints.txt"


def pip_beside_the_base(arguments, requirements, what):
    """Runs pip for requirements that the base lacks, under the versions of what it has. what: as pip's.

    What its packages ask of those that are not there either counts, too, where pip finds such versions: vllm 0.33.0 pins nvtx, of which
    AIBrix takes any.
    """
    held, asked = frozen(), asked_of_absent()
    say("constraints: %d versions of the base are held" % len(held))
    for lines in [held + asked, held] if asked else [held]:
        with open(CONSTRAINTS, "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)
        try:
            return pip(arguments + ["-c", CONSTRAINTS] + requirements, what)
        except Failure as failure:
            if lines is held:
                raise
            say("again without what the base's packages ask of absent ones: %s" % failure)


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
    """Constraints that say which versions what is installed asks of what is not. Those of extras are nobody's."""
    vendored()
    from pip._vendor.packaging.requirements import InvalidRequirement

    have, lines = installed(), set()
    for text in (text for distribution in metadata.distributions() for text in distribution.requires or ()):
        try:
            requirement = parse(text)
        except InvalidRequirement:  # older packages may have what PEP 508 has no words for
            continue
        # A constraint with an address would be where pip takes the package from.
        if requirement is not None and requirement.specifier and not requirement.url and normal(requirement.name) not in have:
            lines.add("%s%s" % (normal(requirement.name), requirement.specifier))
    return sorted(lines)
