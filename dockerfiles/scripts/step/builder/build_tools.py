"""Installs the tools that both builders compile with and the base lacks.

Their stages are thrown away.
"""

from __future__ import annotations

import shutil

from common import system_packages

# Package → command
COMMANDS = {"git": "git", "g++": "g++", "make": "make"}


def main() -> None:
    needed = [package for package, command in COMMANDS.items() if shutil.which(command) is None]
    headers = system_packages.python_headers()
    system_packages.install(needed + ([headers] if headers else []), keep_installed=False)
