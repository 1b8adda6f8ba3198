"""The probes that need a GPU, on stand-ins of all that they use."""

import json
import os
import subprocess
import sys
import unittest

from ..support.image_python import folder, write
from . import ROOT

GPU = os.path.join(ROOT, "dockerfiles", "gpu")
MARKER = "image-action-probe: "
DEVICE = {"name": "Stand-in", "capability": "9.0", "count": 1}


def source(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


class Probes(unittest.TestCase):
    """A Python with stand-ins, in which probes run as in an image."""

    def setUp(self):
        self.site = folder(self)
        self.environment = {"PATH": f"{self.site}/bin:{os.environ['PATH']}", "PYTHONPATH": self.site}
        write(self.site + "/torch.py", source("__tests__", "support", "gpu_torch.py"))

    def program(self, name, script):
        os.chmod(write(f"{self.site}/bin/{name}", "#!/bin/sh\n" + script), 0o755)

    def run_probe(self, name, *arguments, before="", **environment):
        """Its last answer, exit code and errors. before: changes of its module."""
        code = (f"import sys; sys.path.insert(0, {GPU!r}); sys.argv = [{name!r}, *sys.argv[1:]]\n"
                f"import {name} as probe\n{before}\nprobe.main()")
        done = subprocess.run(
            [sys.executable, "-B", "-c", code, *arguments], env={**self.environment, **environment},
            capture_output=True, text=True, check=False, timeout=60,
        )
        answers = [line for line in done.stdout.splitlines() if line.startswith(MARKER)]
        return json.loads(answers[-1][len(MARKER):]) if answers else None, done.returncode, done.stderr

    def assertEnds(self, name, *arguments, expected, **environment):
        answer, code, errors = self.run_probe(name, *arguments, **environment)
        self.assertEqual((code, {key: (answer or {}).get(key) for key in expected}), (0, expected), errors)
        return answer

    def assertFails(self, name, *arguments, step, error, **environment):
        answer, code, errors = self.run_probe(name, *arguments, **environment)
        self.assertNotEqual(code, 0)
        self.assertEqual((answer or {}).get("step"), step)
        self.assertIn(error, errors)


class CacheOperatorTest(Probes):
    def setUp(self):
        super().setUp()
        write(self.site + "/aibrix_kvcache/__init__.py")
        write(self.site + "/aibrix_kvcache/_aibrix_C.py", source("__tests__", "support", "gpu_operators.py"))

    def test_compares_both_operators_in_both_layouts(self):
        names = ("reshape_and_cache_multi_layer", "reshape_and_offload_multi_layer")
        compared = [{"what": f"{name} {layout}", "differs": None} for name in names for layout in ("LCND", "NCLD")]
        expected = {"step": "end", "lacks": None, "device": DEVICE, "compared": compared}
        self.assertEqual(self.assertEnds("cache_operator", expected=expected), expected)

    def test_finds_a_value_that_must_not_be_written(self):
        answer = self.assertEnds("cache_operator", expected={"step": "end"}, WRONG_OPERATOR="NCLD")
        found = [one["differs"] for one in answer["compared"]]
        # The blocks come first.
        wrong = {"count": 1, "first": 2 * 3 * 2 * 8 * 128}
        self.assertEqual(found, [None, wrong, None, wrong])

    def test_says_what_is_lacking(self):
        for wrong, lacks in (
            ("missing", "torch.ops._aibrix_C_cache_ops.reshape_and_cache_multi_layer"),
            ("arguments", "reshape_and_cache_multi_layer with 8 arguments"),
        ):
            self.assertEnds("cache_operator", expected={"lacks": lacks, "step": "compare"}, WRONG_OPERATOR=wrong)
        os.unlink(self.site + "/aibrix_kvcache/_aibrix_C.py")
        self.assertEnds("cache_operator", expected={"lacks": "aibrix_kvcache._aibrix_C", "step": "operator"})

    def test_shows_how_far_it_came(self):
        self.assertFails("cache_operator", step="torch", error="torch finds no GPU", GPUS="0")
        self.assertFails("cache_operator", step="operator", error="", WRONG_OPERATOR="crash")
        write(self.site + "/aibrix_kvcache/_aibrix_C.py", "import not_there")
        self.assertFails("cache_operator", step="operator", error="not_there")


class NixlTransferTest(Probes):
    SIZE = "probe.SIZE = 4096"

    def setUp(self):
        super().setUp()
        write(self.site + "/nixl/__init__.py")
        write(self.site + "/nixl/_api.py", source("stand-ins", "nixl", "api.py"))
        self.bindings("ctypes.memmove(to, source, length)")
        write(self.site + "/.nixl.mesonpy.libs/plugins/libplugin_UCX.so", "fine")

    def bindings(self, copy):
        write(self.site + "/nixl/_bindings.py",
              f"import ctypes\ndef load(path):\n    return 1\ndef copy(plugin, to, source, length):\n    {copy}\n")

    def edit(self, before, after):
        text = source("stand-ins", "nixl", "api.py")
        self.assertIn(before, text)
        write(self.site + "/nixl/_api.py", text.replace(before, after))

    def test_moves_bytes_between_two_buffers_of_one_gpu_or_of_two(self):
        for gpus, between in (("1", "cuda:0 to cuda:0"), ("4", "cuda:0 to cuda:1")):
            self.assertEnds("nixl_transfer", before=self.SIZE, GPUS=gpus, expected={
                "step": "end", "lacks": None, "device": {**DEVICE, "count": int(gpus)}, "between": between,
                "plugins": ["UCX"], "state": "DONE", "differs": None,
            })

    def test_finds_bytes_that_arrive_changed(self):
        self.bindings("ctypes.memmove(to, source, length); ctypes.memset(to + 5, 255, 3)")
        expected = {"step": "end", "state": "DONE", "differs": {"count": 3, "first": 5}}
        self.assertEnds("nixl_transfer", before=self.SIZE, expected=expected)

    def test_shows_how_far_it_came(self):
        self.assertFails("nixl_transfer", step="torch", error="torch finds no GPU", GPUS="0")
        self.edit("def register_memory(self, reg_list, mem_type=None, backends=()):",
                  "def register_memory(self, reg_list, mem_type=None, backends=()):\n"
                  "        assert mem_type == 'VRAM' and not sys.exit('no VRAM')")
        write(self.site + "/nixl/_api.py", "import sys\n" + source(self.site, "nixl", "_api.py"))
        self.assertFails("nixl_transfer", step="register", error="no VRAM")
        os.unlink(self.site + "/nixl/_api.py")
        self.assertFails("nixl_transfer", step="import", error="nixl._api")

    def test_does_not_wait_forever(self):
        write(self.site + "/nixl/_api.py", source("stand-ins", "nixl", "api.py") +
              "nixl_agent.transfer = nixl_agent.check_xfer_state = lambda self, handle: 'PROC'\n")
        before = self.SIZE + "; probe.LONGEST_SECONDS = 0.01"
        self.assertFails("nixl_transfer", step="transfer", error="did not end within", before=before)

    def test_does_not_take_devices_from_the_environment(self):
        self.edit("class nixl_agent:", "import os\nassert 'UCX_TLS' not in os.environ\nclass nixl_agent:")
        self.assertEnds("nixl_transfer", before=self.SIZE, expected={"step": "end"}, UCX_TLS="tcp")


class UcxTest(Probes):
    def test_lists_the_transports_once(self):
        self.program("ucx_info", "[ -z \"$UCX_TLS\" ] || exit 9\n"
                     "printf '#\\n#      Transport: tcp\\n#         Device: lo\\n#      Transport: cuda_copy\\n"
                     "#      Transport: tcp\\n'")
        self.assertEnds("ucx", expected={"step": "end", "transports": ["tcp", "cuda_copy"]}, UCX_TLS="tcp")

    def test_says_that_there_is_no_tool(self):
        self.assertEnds("ucx", expected={"lacks": "ucx_info", "transports": None}, PATH=self.site)

    def test_shows_how_far_it_came(self):
        self.program("ucx_info", "echo '#      Transport: tcp'; echo no driver >&2; exit 2")
        self.assertFails("ucx", step="tool", error="no driver")
        self.program("ucx_info", "exit 3")
        self.assertFails("ucx", step="tool", error="ucx_info -d: exit code 3")


class EngineTest(Probes):
    NORM = "from torch import Tensor\ndef norm(values, weights):\n" \
           "    signs = [1 if one > 0 else -1 for one in values.tolist()]\n" \
           "    numbers = [sign * (weights.tolist() * 4)[place] for place, sign in enumerate(signs)]\n" \
           "    return numbers\n"

    def setUp(self):
        super().setUp()
        write(self.site + "/vllm/__init__.py")
        write(self.site + "/vllm/platforms.py", "class current_platform:\n    device_type = 'cuda'\n")
        write(self.site + "/vllm/_custom_ops.py", self.NORM + "def rms_norm(out, values, weights, epsilon):\n"
              "    out.memory[:] = norm(values, weights)\n")
        write(self.site + "/sglang/__init__.py")
        write(self.site + "/sglang/srt/__init__.py")
        write(self.site + "/sglang/srt/utils.py", "def get_device():\n    return 'cuda:0'\n")
        write(self.site + "/sglang/launch_server.py", "")
        write(self.site + "/sgl_kernel.py", self.NORM + "def rmsnorm(values, weights, epsilon):\n"
              "    out = values.copy(); out.memory[:] = norm(values, weights)\n    return out\n")
        self.program("vllm", "[ \"$*\" = 'serve --help' ]")

    def test_starts_each_engine_as_far_as_it_goes_without_a_model(self):
        for engine in ("vllm", "sglang"):
            compared = [{"what": what, "differs": None} for what in ("torch matmul", f"RMS norm of {engine}")]
            self.assertEnds("engine", engine, expected={
                "step": "end", "lacks": None, "device": DEVICE, "platform": "cuda", "compared": compared,
            })

    def test_finds_what_the_gpu_computes_otherwise(self):
        answer = self.assertEnds("engine", "vllm", expected={"step": "end"}, WRONG_PRODUCT="100000")
        self.assertEqual(answer["compared"][0]["differs"], {"count": 4096, "first": 0})
        write(self.site + "/vllm/_custom_ops.py", "def rms_norm(out, *others):\n    out.memory[3] = 9\n")
        answer = self.assertEnds("engine", "vllm", expected={"step": "end"})
        self.assertEqual(answer["compared"][1]["differs"]["first"], 0)

    def test_leaves_out_a_kernel_that_has_another_name(self):
        write(self.site + "/vllm/_custom_ops.py")
        answer = self.assertEnds("engine", "vllm", expected={"step": "end"})
        self.assertEqual([one["what"] for one in answer["compared"]], ["torch matmul"])

    def test_reports_another_device_and_a_missing_interface(self):
        write(self.site + "/vllm/platforms.py", "class current_platform:\n    device_type = 'cpu'\n")
        self.assertEnds("engine", "vllm", expected={"platform": "cpu"})
        write(self.site + "/vllm/platforms.py")
        self.assertEnds("engine", "vllm", expected={"lacks": "vllm.platforms.current_platform", "step": "platform"})

    def test_shows_how_far_it_came(self):
        self.assertFails("engine", step=None, error="usage: engine.py vllm|sglang")
        self.assertFails("engine", "vllm", step="torch", error="torch finds no GPU", GPUS="0")
        self.program("vllm", "echo no server >&2; exit 2")
        self.assertFails("engine", "vllm", step="help", error="vllm serve --help: no server")
        self.program("vllm", "exit 2")
        self.assertFails("engine", "vllm", step="help", error="vllm serve --help: exit code 2")
        write(self.site + "/vllm/__init__.py", "raise OSError('no libcuda')")
        self.assertFails("engine", "vllm", step="engine", error="no libcuda")
