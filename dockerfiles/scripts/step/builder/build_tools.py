"""Installs what both builders compile with, as far as the base lacks it; in stages that are thrown away."""

import shutil

from common import system_packages

COMMANDS = (("git", "git"), ("g++", "g++"), ("make", "make"))


def main():
    needed = [package for package, command in COMMANDS if shutil.which(command) is None]
    headers = system_packages.python_headers()
    system_packages.install(needed + ([headers] if headers else []), keep_installed=False)
