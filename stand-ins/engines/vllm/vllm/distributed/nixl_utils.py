"""Stand-in for vLLM's demands of NIXL."""

from importlib.metadata import version


def check_nixl_version(min_version: str) -> None:
    """Raises if the installed NIXL is older."""
    installed = version("nixl")
    if [int(part) for part in installed.split(".")] < [int(part) for part in min_version.split(".")]:
        raise RuntimeError(f"NIXL >= {min_version} is required, but {installed} is installed")
