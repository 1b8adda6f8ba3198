"""Stand-in for torch's compiled module.

It lists all registered operators, as `namespace::name`.
"""

import itertools
import types


def _dispatch_get_all_op_names():
    from . import _library

    found = map(_library.standin_torch_operator, itertools.count())
    return [name.decode() for name in itertools.takewhile(lambda name: name is not None, found)]


def _jit_get_all_schemas():
    return [types.SimpleNamespace(name=name) for name in _dispatch_get_all_op_names()]
