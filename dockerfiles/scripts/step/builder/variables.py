"""The base's environment variables.

A build sees only those that variables.json names, each with its reason.

A result is stored for other bases under a key. What a build backend reads must be in the key
(`inKey`) or be removed: SETUPTOOLS_SCM_PRETEND_VERSION, SOURCE_DATE_EPOCH, USE_NINJA and whatever
else a base set for its own build. src/plan/keys/artifact-key.ts reads the same list.
"""

from __future__ import annotations

import json
import os
import re


def remove_others() -> None:
    """Removes what the list does not name from this process, and so from all that it starts."""
    with open(os.path.join(os.path.dirname(__file__), "variables.json"), encoding="utf-8") as file:
        known = re.compile("|".join(f"(?:{entry['names']})" for entry in json.load(file)))
    for name in [name for name in os.environ if not known.fullmatch(name)]:
        del os.environ[name]
