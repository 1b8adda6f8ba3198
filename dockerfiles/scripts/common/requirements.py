"""Requirements against what the base has."""

import zipfile
from email.parser import HeaderParser

from .python_packages import installed, normal, vendored

# The module of Python itself; PyPI's `asyncio` is a copy from Python 3.3 that would shadow it.
SHADOWS = {"asyncio"}


def parse(text):
    """A requirement (PEP 508) as pip's own parser sees it, or None if its marker says that it is not for this Python."""
    vendored()
    from pip._vendor.packaging.requirements import Requirement

    requirement = Requirement(text)
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
        return None
    return requirement


def sort_out(texts):
    """Sorts requirements by what the base has.

    Returns (missing, unmet): requirements that nothing is installed for, and descriptions of those that the base has at a
    version which does not fit. The engine's environment wins, so the second are only told.
    """
    have = installed()
    missing, unmet = [], []
    for text in texts:
        requirement = parse(text)
        if requirement is None or normal(requirement.name) in SHADOWS:
            continue
        version = have.get(normal(requirement.name))
        if version is None:
            requirement.marker = None
            missing.append(str(requirement))
        elif not requirement.specifier.contains(version, prereleases=True):
            unmet.append("%s (the base has %s)" % (text.split(";")[0].strip(), version))
    return missing, unmet


def present(texts, missing):
    """Those of the requirements that the base has in some version, torch aside."""
    kept = []
    for text in texts:
        requirement = parse(text)
        if requirement is None or normal(requirement.name) in SHADOWS | {"torch"}:
            continue
        requirement.marker = None
        if str(requirement) not in missing:
            kept.append(str(requirement))
    return kept


def build_requirements(pyproject, of_the_base=("torch", "numpy")):
    """What a project needs to be built, by its pyproject.toml, without what has to be the base's own.

    torch is always the base's; numpy is where the base has it.
    """
    have = installed()
    names = []
    for text in read_toml(pyproject).get("build-system", {}).get("requires", ["setuptools", "wheel"]):
        requirement = parse(text)
        if requirement is None:
            continue
        name = normal(requirement.name)
        if name == "torch" or (name in of_the_base and name in have):
            continue
        names.append(text)
    return names


def read_toml(path):
    try:
        import tomllib as toml
    except ImportError:
        vendored()
        from pip._vendor import tomli as toml
    with open(path, "rb") as file:
        return toml.load(file)


def runtime_requirements(wheel):
    """The Requires-Dist lines of a wheel, without those of its extras."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        lines = HeaderParser().parsestr(archive.read(name).decode("utf-8")).get_all("Requires-Dist") or []
    return [line for line in lines if "extra ==" not in line.replace("extra==", "extra ==")]
