"""Stand-in for the meta package of NIXL 0.7.1: the first variant found wins, whatever torch is."""

import importlib

for _name in ("nixl_cu13", "nixl_cu12"):
    try:
        _package = importlib.import_module(_name)
        importlib.import_module(f"{_name}._api")
        break
    except ModuleNotFoundError:
        continue
else:
    raise ImportError("no nixl-cu* package is installed")
