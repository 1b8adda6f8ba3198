"""The base's environment variables, of which a build sees those alone that variables.json names, each with its reason.

A result is kept for other bases under a key. What a build backend reads has to be in the key (`inKey`), or must not be there:
SETUPTOOLS_SCM_PRETEND_VERSION, SOURCE_DATE_EPOCH, USE_NINJA and what else a base may have set for its own build.
src/plan/keys/artifact-key.ts reads the same list.
"""

import json
import os
import re


def remove_others():
    """Removes from this process, and so from all that it starts, what the list does not name."""
    with open(os.path.join(os.path.dirname(__file__), "variables.json"), encoding="utf-8") as file:
        known = re.compile("|".join("(?:%s)" % entry["names"] for entry in json.load(file)))
    for name in [name for name in os.environ if not known.fullmatch(name)]:
        del os.environ[name]
