import ast
import contextlib
import unittest
from types import SimpleNamespace

from derive import aibrix, nixl
from derive.failure import Failure
from derive.imports import absolute, imported, lacking

# Excerpts of AIBrix v0.7.0, and of the vLLM from which it imports
CMAKE = '# Supported python versions.\nset(PYTHON_SUPPORTED_VERSIONS "3.9" "3.10" "3.11" "3.12")\n'
PYPROJECT = (
    '[build-system]\nrequires = [\n    "cmake>=3.26.1",\n    "setuptools>=77.0.3,<80.0.0",\n'
    '    "torch%s",\n]\n[project]\nname = "x"\n'
)
CONNECTOR = b"""
from vllm.distributed import (
    get_tp_group,
)
from vllm.v1.request import RequestStatus
from typing import TYPE_CHECKING
import torch, vllm.envs
from aibrix_kvcache.integration.vllm.vllm_compat import get_attn_backend
if TYPE_CHECKING:
    from vllm.config import VllmConfig
try:
    from vllm.old import Thing
except ImportError:
    pass
"""
VLLM = {
    "vllm/distributed/__init__.py": b"from .parallel_state import *\n",
    "vllm/distributed/parallel_state.py": b"def get_tp_group(): ...\n",
    "vllm/v1/request.py": b"class RequestStatus: ...\n",
    "vllm/envs.py": b"",
}
ALL = {("vllm.distributed", "get_tp_group"), ("vllm.v1.request", "RequestStatus"), ("vllm.envs", None)}
COMMIT = "65e342a".ljust(40, "0")


class NeedsTest(unittest.TestCase):
    def test_of_python_are_a_range(self):
        self.assertEqual(aibrix.python_of(CMAKE), ">=3.9,<3.13")
        for text in ("", 'set(PYTHON_SUPPORTED_VERSIONS "3.9" "3.12")', "set(PYTHON_SUPPORTED_VERSIONS ${ALL})"):
            with self.assertRaises(Failure):
                aibrix.python_of(text)

    def test_of_torch_are_those_of_its_build(self):
        for written, expected in ((">=2.7.0", ">=2.7.0"), (" == 2.7.0", "==2.7.0"), (" <3, >=2.7", ">=2.7,<3")):
            self.assertEqual(aibrix.torch_of(PYPROJECT % written), expected)
        for text in (PYPROJECT % "", "[project]\n", "[build-system]\nrequires = 1 2\n"):
            with self.assertRaises(Failure):
                aibrix.torch_of(text)


class ImportsTest(unittest.TestCase):
    def test_are_what_a_module_always_imports(self):
        self.assertEqual(imported(CONNECTOR, "vllm"), ALL)
        self.assertEqual(
            imported(CONNECTOR, "aibrix_kvcache"), {("aibrix_kvcache.integration.vllm.vllm_compat", "get_attn_backend")}
        )

    def test_exist_however_a_module_binds_the_name(self):
        for text, is_there in (
            ("def f(): ...", True),
            ("f = 1", True),
            ("f: int = 1", True),
            ("from .x import y as f", True),
            ("import f", True),
            ("try:\n    f = 1\nexcept ImportError:\n    pass", True),
            ("g = 1", False),
            ("from .missing import *", False),
            ("def __getattr__(name): ...", False),
        ):
            with self.subTest(text):
                self.assertEqual(
                    lacking({("vllm.a", "f")}, {"vllm/a.py": text.encode()}.get), [] if is_there else [("vllm.a", "f")]
                )
        self.assertEqual(
            lacking(ALL | {("vllm.v1", "request"), ("vllm.gone", None)}, {**VLLM, "vllm/v1/__init__.py": b""}.get),
            [("vllm.gone", "")],
        )

    def test_of_a_sibling_have_its_full_name(self):
        for text, module, expected in (
            ("from .b import *", "vllm.a", "vllm.b"),
            ("from .b import *", "vllm.pkg", "vllm.pkg.b"),
            ("from ..b import *", "vllm.pkg.c", "vllm.b"),
            ("from vllm.b import *", "vllm.a", "vllm.b"),
        ):
            self.assertEqual(absolute(ast.parse(text).body[0], module, {"vllm/pkg/__init__.py": b""}.get), expected)

    def test_determine_the_first_version_that_has_them_all(self):
        def from_version(first):
            return lambda version: contextlib.nullcontext((VLLM if version >= first else {}).get)

        for first, expected in ((1, 1), (4, 4), (9, 9), (10, None)):
            self.assertEqual(aibrix.first_with(ALL, list(range(1, 10)), from_version(first)), expected)
        self.assertIsNone(aibrix.first_with(ALL, [], from_version(1)))


class UcxTest(unittest.TestCase):
    def tools(self, reference=None, tags=(), revision=None, on_branch=()):
        build = SimpleNamespace(
            tags={"v1.5.0"} if reference else set(),
            fetch=lambda tag: None,
            read=lambda tag, path: f'FROM x\nARG UCX_REF="{reference}"\n',
        )
        ucx = SimpleNamespace(
            tags=set(tags),
            commit=lambda branch, start: next(
                (one for one in on_branch if branch == "v1.23.x" and one.startswith(start)), None
            ),
        )
        return nixl.tools_of("1.5.0", "1.23.0", revision, build, ucx)

    def test_is_a_release_or_the_named_commit_or_a_reason(self):
        lacking = "bundles UCX 1.23.0, of which there is no release, and "
        for given, expected in (
            ({"tags": ["v1.23.0"], "reference": COMMIT}, {}),
            ({"reference": COMMIT}, {"ucxCommit": COMMIT}),
            ({"reference": "v1.23.x", "revision": "65e342a", "on_branch": [COMMIT]}, {"ucxCommit": COMMIT}),
            (
                {"reference": "v1.23.x", "revision": "65e342a"},
                {"note": lacking + "no commit 65e342a on its branch v1.23.x"},
            ),
            ({"reference": "v1.23.x"}, {"note": lacking + "NIXL names no commit of it but v1.23.x"}),
            ({}, {"note": lacking + "NIXL names no commit of it"}),
        ):
            with self.subTest(given):
                self.assertEqual(self.tools(**given), expected)

    def test_names_its_commit_in_its_library_from_1_23_on(self):
        logged = b"Version %s\0loaded from %s, \x0065e342a\0<unknown>\0" + nixl.LOGGED + b"\0core/ucp_context.c\0"
        for library, expected in (
            (logged, "65e342a"),
            (logged.replace(b"65e342a", b"0000000"), None),
            (logged.replace(nixl.LOGGED, b""), None),
            (logged + b"abcdef1\0", None),
        ):
            self.assertEqual(nixl.revision_in(library), expected)


class WheelsTest(unittest.TestCase):
    def test_are_for_the_pythons_that_all_have_on_all_machines(self):
        def wheels(*names):
            return [
                SimpleNamespace(tags=[SimpleNamespace(interpreter=one, platform="manylinux_2_28_" + machine)])
                for one in names
                for machine in nixl.PLATFORMS
            ]

        self.assertEqual(nixl.common_pythons([wheels("cp310", "cp39", "cp311"), wheels("cp310", "cp311")]), [10, 11])
        self.assertEqual(nixl.common_pythons([wheels("cp310"), wheels("cp311")]), [])
        with self.assertRaises(Failure):
            nixl.common_pythons([wheels("cp39", "cp311")])
