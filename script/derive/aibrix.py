"""What a release of AIBrix needs and has for vLLM, by its repository."""

import re

from pip._vendor.packaging.requirements import Requirement

from .failure import Failure
from .imports import imported, lacking

try:
    import tomllib
except ImportError:  # before Python 3.11, where pip has it
    from pip._vendor import tomli as tomllib

ROOT = "python/aibrix_kvcache"
PATCH = re.compile(r"/vllm_v(\d[\w.]*)-aibrix-kvcache\.patch$")
PACKAGE = ROOT + "/aibrix_kvcache/integration/vllm/"
# What integrate.py gives vLLM as its connector, and what that imports
CONNECTOR = "aibrix_kvcache.integration.vllm.kv_connector.aibrix_pd_reuse_connector"
SOURCE = "its repository: CMakeLists.txt, pyproject.toml, integration/vllm/patches"
MODULE_SOURCE = "; of vllm's wheels the first that has what its connector imports"


def read(repository, tag, first_vllm):
    """needs, vllm and source of a release. first_vllm: what is imported → the first vLLM that has it all, None without one."""
    repository.fetch(tag)
    patches = sorted((match.group(1) for path in repository.names(tag, ROOT + "/integration/vllm/patches")
                      for match in [PATCH.search(path)] if match), key=numbers)
    needs = {
        "python": python_of(repository.read(tag, ROOT + "/CMakeLists.txt")),
        "torch": torch_of(repository.read(tag, ROOT + "/pyproject.toml")),
    }
    wanted = imports_of_connector(repository, tag)
    first = first_vllm(wanted) if wanted else None
    return {"needs": needs, "vllm": {"patches": patches, **({"module": first} if first else {})}, "source": SOURCE + (MODULE_SOURCE if first else "")}


def numbers(version):
    return [int(number) for number in re.findall(r"\d+", version)]


def python_of(text):
    """`>=3.9,<3.13` of `set(PYTHON_SUPPORTED_VERSIONS "3.9" … "3.12")` in a CMakeLists.txt"""
    listed = re.search(r"(?mi)^[ \t]*set\s*\(\s*PYTHON_SUPPORTED_VERSIONS([^)]*)\)", text)
    minors = sorted(int(minor) for minor in re.findall(r"\b3\.(\d+)\b", listed.group(1))) if listed else []
    if not minors or minors != list(range(minors[0], minors[-1] + 1)):
        raise Failure("CMakeLists.txt of AIBrix does not say which Pythons it supports, or not in a row")
    return ">=3.%d,<3.%d" % (minors[0], minors[-1] + 1)


def torch_of(text):
    """The specifier of torch in `build-system.requires` of a pyproject.toml."""
    try:
        required = tomllib.loads(text)["build-system"]["requires"]
    except (ValueError, KeyError) as error:
        raise Failure("pyproject.toml of AIBrix does not say what its build needs: %s" % error) from error
    for requirement in map(Requirement, required):
        if requirement.name == "torch" and requirement.specifier:
            return ",".join(sorted(map(str, requirement.specifier), reverse=True))
    raise Failure("pyproject.toml of AIBrix does not say which torch its build needs")


def imports_of_connector(repository, tag):
    """(module, name) of what the connector, and what it imports of the same folder, import of vLLM; empty without a connector."""
    there = set(repository.names(tag, ROOT + "/aibrix_kvcache/integration"))
    waiting, seen, found = [CONNECTOR], set(), set()
    while waiting:
        path = next((path for path in paths_of(waiting.pop()) if path in there), None)
        if path is None or path in seen:
            continue
        seen.add(path)
        text = repository.read(tag, path)
        found |= imported(text, "vllm")
        waiting += [module for module, _ in imported(text, "aibrix_kvcache")]
        if path.endswith(".py"):
            waiting.append(path[len(ROOT) + 1 : path.rindex("/")].replace("/", "."))
    return found


def paths_of(module):
    path = "%s/%s" % (ROOT, module.replace(".", "/"))
    return [path + ".py", path + "/__init__.py"]


def first_with(wanted, versions, reader):
    """The first of versions, oldest first, whose package has all that is wanted, which the later ones have then, too; None where the newest has not.

    reader: version → function as `lacking` takes it, in a context.
    """
    def fits(version):
        with reader(version) as read:
            return not lacking(wanted, read)

    if not versions or not fits(versions[-1]):
        return None
    low, high = 0, len(versions) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(versions[middle]) else (middle + 1, high)
    return versions[high]
