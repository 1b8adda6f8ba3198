import os
import unittest
from unittest import mock

from common.hooks import hooks
from common.runners import conditions, of_patch, runners
from common.source import parse

from ..support.image_python import SitePackages

V1 = "vllm/v1/worker/gpu_model_runner.py"
V2 = "vllm/v1/worker/gpu/model_runner.py"
RUNNER = "class GPUModelRunner:\n    def execute_model(self): pass\n    def _update_states(self): pass\n"
GETENV = 'variables = {"VLLM_USE_V2_MODEL_RUNNER": lambda: convert(os.getenv("VLLM_USE_V2_MODEL_RUNNER", %s))}\n'
PROPERTY = "class VllmConfig:\n    @property\n    def use_v2_model_runner(self):\n"
ZERO = "VLLM_USE_V2_MODEL_RUNNER=0"


class RunnersTest(unittest.TestCase):
    def setUp(self):
        parse.cache_clear()
        self.packages = SitePackages(self)
        self.add(
            {
                "vllm/__init__.py": "",
                "aibrix_kvcache/__init__.py": "",
                V1: RUNNER,
                V2: RUNNER,
                "vllm/envs.py": GETENV % "None",
            }
        )

    def add(self, files):
        parse.cache_clear()
        for path, text in files.items():
            self.packages.add(path, text)

    def directory(self, package):
        return os.path.join(self.packages.path, package)

    def facts(self):
        return runners(self.directory("vllm"))

    def hooks(self, text):
        self.add({"aibrix_kvcache/integration/vllm/kv_connector/__init__.py": text})
        return hooks(self.directory("aibrix_kvcache"), self.directory("vllm"))


class DefaultTest(RunnersTest):
    def test_is_what_the_property_can_answer(self):
        for body, expected in (
            ("return envs.VLLM_USE_V2_MODEL_RUNNER", False),
            ("return bool(envs.VLLM_USE_V2_MODEL_RUNNER)", False),
            ("v = envs.VLLM_USE_V2_MODEL_RUNNER\n        return v", False),
            ("if envs.VLLM_USE_V2_MODEL_RUNNER: return envs.VLLM_USE_V2_MODEL_RUNNER\n        return False", False),
            ("v = envs.VLLM_USE_V2_MODEL_RUNNER\n        if v is not None: return v\n        return True", True),
            (
                "v = envs.VLLM_USE_V2_MODEL_RUNNER\n        if v is not None: return v\n        return self.is_dense()",
                True,
            ),
            ("return True", True),
            ("return envs.VLLM_USE_V2_MODEL_RUNNER or self.is_dense()", True),
            ("return envs.VLLM_USE_V2_MODEL_RUNNER and self.is_dense()", False),
            ("v = envs.VLLM_USE_V2_MODEL_RUNNER\n        return self.is_dense() if v is None else v", True),
            ("v = envs.VLLM_USE_V2_MODEL_RUNNER\n        if v is None: v = self.is_dense()\n        return v", True),
            ('return bool(int(os.getenv("VLLM_USE_V2_MODEL_RUNNER", "0")))', False),
            ('return bool(int(os.getenv("VLLM_USE_V2_MODEL_RUNNER", "1")))', True),
            ('return os.getenv("VLLM_USE_V2_MODEL_RUNNER", None)', False),
            ("return not envs.VLLM_USE_V2_MODEL_RUNNER", True),
            ("if (v := envs.VLLM_USE_V2_MODEL_RUNNER) is not None: return v\n        return False", False),
            ("v = False\n        v |= self.is_dense()\n        return v", True),
        ):
            with self.subTest(body):
                self.add({"vllm/config/vllm.py": PROPERTY + "        " + body})
                self.assertIs(self.facts()["v2Default"], expected)

    def test_is_what_the_image_asks_for(self):
        self.add({"vllm/envs.py": GETENV % '"0"'})
        for value, expected in (("1", True), ("true", True), ("0", False), ("", False)):
            with self.subTest(value), mock.patch.dict(os.environ, VLLM_USE_V2_MODEL_RUNNER=value):
                self.assertIs(self.facts()["v2Default"], expected)

    def test_is_what_the_field_is_assigned_if_it_is_no_property(self):
        self.add({"vllm/envs.py": GETENV % '"0"'})
        for field, expected in (
            ("use_v2_model_runner: bool = True", True),
            ("use_v2_model_runner: bool = False", False),
            (
                "use_v2_model_runner: bool = False\n    def __post_init__(self):\n"
                "        self.use_v2_model_runner = self.is_dense()",
                True,
            ),
            ("def __post_init__(self):\n        self.use_v2_model_runner = envs.VLLM_USE_V2_MODEL_RUNNER", False),
        ):
            with self.subTest(field):
                self.add({"vllm/config/vllm.py": "class VllmConfig:\n    " + field})
                self.assertIs(self.facts()["v2Default"], expected)

    def test_is_a_yes_if_the_variable_is_compared_with_what_means_no(self):
        for given, expected in (
            ('"") != "0"', True),
            ('"0") != "0"', False),
            ('"false").lower() not in ("0", "false")', False),
            ('"1") == "1"', True),
        ):
            with self.subTest(given):
                self.add(
                    {
                        "vllm/envs.py": f'variables = {{"VLLM_USE_V2_MODEL_RUNNER": lambda: '
                                        f'os.getenv("VLLM_USE_V2_MODEL_RUNNER", {given}}}\n'
                    }
                )
                self.assertIs(self.facts()["v2Default"], expected)

    def test_is_the_default_of_the_variable_without_a_property(self):
        for default, expected in (('"0"', False), ('"1"', True), ("None", True), ("False", False)):
            with self.subTest(default):
                self.add({"vllm/envs.py": GETENV % default})
                self.assertEqual((self.facts()["v2Default"], self.facts()["switch"]), (expected, True))

    def test_is_undetermined_if_nothing_states_it(self):
        self.add({"vllm/envs.py": "variables = {}"})
        self.assertEqual((self.facts()["v2Default"], self.facts()["switch"]), (None, False))

    def test_is_false_without_a_second_runner(self):
        os.unlink(os.path.join(self.packages.path, V2))
        self.assertEqual(self.facts(), {"there": ["V1"], "v2Default": False, "switch": True, "error": None})

    def test_names_a_file_that_can_not_be_read(self):
        self.add({"vllm/config/vllm.py": "def ("})
        self.assertRegex(self.facts()["error"], r"^vllm/config/vllm\.py: line 1")


HOOK = """
def hook(module):
    GPUModelRunner = module.GPUModelRunner
    before, update = GPUModelRunner.execute_model, GPUModelRunner._update_states
    GPUModelRunner.execute_model = lambda self: before(self)
    GPUModelRunner._update_states = lambda self: update(self)
    GPUModelRunner._patched = getattr(GPUModelRunner, "_patched", True)
"""
BY_NAME = HOOK + 'NAME = "vllm.v1.worker.gpu_model_runner"\nhook(importlib.import_module(NAME))\n'
FIRST = [{"runner": "V1", "there": True, "missing": []}]
BOTH = FIRST + [{"runner": "V2", "there": True, "missing": []}]


class HooksTest(RunnersTest):
    def test_are_found_whatever_way_they_take(self):
        replace = "R.execute_model = wrap(R.execute_model)"
        for text, expected in (
            (BY_NAME, FIRST),
            (BY_NAME + 'hook(importlib.import_module("vllm.v1.worker.gpu.model_runner"))', BOTH),
            ("from vllm.v1.worker.gpu_model_runner import GPUModelRunner as R\n" + replace, FIRST),
            (
                "import vllm.v1.worker.gpu_model_runner as m\n"
                "m.GPUModelRunner.execute_model = wrap(m.GPUModelRunner.execute_model)",
                FIRST,
            ),
            ("from vllm.v1.worker import gpu_model_runner\nR = gpu_model_runner.GPUModelRunner\n" + replace, FIRST),
            ('R = getattr(import_module("vllm.v1.worker.gpu_model_runner"), "GPUModelRunner")\n' + replace, FIRST),
            (
                'from vllm.v1.worker.gpu_model_runner import GPUModelRunner as R\n'
                'setattr(R, "execute_model", wrap(R.execute_model))',
                FIRST,
            ),
            (
                "from vllm.v1.worker.gpu_model_runner import GPUModelRunner as A\n"
                "from vllm.v1.worker.gpu.model_runner import GPUModelRunner as B\n"
                "for R in (A, B):\n    " + replace,
                BOTH,
            ),
            (
                "from vllm.v1.worker.gpu_model_runner import GPUModelRunner as A\ndef hook(R):\n    "
                + replace
                + "\nhook(A)",
                FIRST,
            ),
            (
                "import vllm.v1.worker.gpu_model_runner as m\nclass Own(m.GPUModelRunner): pass\n"
                "m.GPUModelRunner = Own",
                FIRST,
            ),
            (
                "import vllm.v1.worker.gpu_model_runner as m\nimport vllm.v1.worker.gpu.model_runner as n\n"
                "m.GPUModelRunner = f(n)",
                FIRST,
            ),
            ("from vllm.v1.worker.gpu_model_runner import GPUModelRunner\nprint(GPUModelRunner.execute_model)", []),
            ("import os", []),
        ):
            with self.subTest(text):
                self.assertEqual(self.hooks(text), (expected, None))

    def test_say_that_the_engine_has_no_such_runner(self):
        os.unlink(os.path.join(self.packages.path, V1))
        self.assertEqual(self.hooks(BY_NAME)[0], [{"runner": "V1", "there": False, "missing": []}])

    def test_say_which_methods_the_runner_lacks(self):
        self.add({V1: RUNNER.replace("_update_states", "_update")})
        self.assertEqual(self.hooks(BY_NAME)[0][0]["missing"], ["_update_states"])

    def test_find_methods_that_a_runner_inherits(self):
        self.add(
            {
                V1: "from .mixin import Mixin\nclass GPUModelRunner(Mixin): pass",
                "vllm/v1/worker/mixin.py": RUNNER.replace("GPUModelRunner", "Mixin"),
            }
        )
        self.assertEqual(self.hooks(BY_NAME)[0], FIRST)

    def test_do_not_follow_classes_in_a_circle(self):
        self.add(
            {
                V1: "from .mixin import Mixin\nclass GPUModelRunner(Mixin): pass",
                "vllm/v1/worker/mixin.py": "class Mixin(Mixin): pass",
            }
        )
        self.assertEqual(self.hooks(BY_NAME)[0], FIRST)

    def test_name_a_file_that_can_not_be_read(self):
        found, error = self.hooks("def (")
        self.assertEqual(found, [])
        self.assertRegex(error, r"^aibrix_kvcache/integration/vllm/kv_connector/__init__\.py: line 1")

    def test_are_the_runners_that_a_patch_changes(self):
        self.assertEqual(of_patch(f"--- a/{V1}\n+++ b/{V1}\n@@ -1 +1 @@\n"), FIRST)
        self.assertEqual(of_patch("--- a/vllm/envs.py\n+++ b/vllm/envs.py\n"), [])


class ConditionsTest(unittest.TestCase):
    def test_are_what_makes_a_hooked_runner_run(self):
        second = [{"runner": "V2", "there": True, "missing": []}]
        for there, default, switch, found, expected in (
            (["V1"], False, True, FIRST, []),
            (["V1", "V2"], False, True, FIRST, []),
            (["V1", "V2"], True, True, FIRST, [ZERO]),
            (["V1", "V2"], None, True, FIRST, [ZERO]),
            (["V1", "V2"], True, True, BOTH, []),
            (["V1", "V2"], True, True, [], []),
            (["V1", "V2"], True, True, second, ["VLLM_USE_V2_MODEL_RUNNER=1"]),
            (["V2"], True, True, FIRST, None),
            (["V1", "V2"], True, False, FIRST, None),
        ):
            with self.subTest((there, default, switch, found)):
                given = conditions({"there": there, "v2Default": default, "switch": switch, "error": None}, found)
                self.assertEqual(given if given is None else [one["name"] for one in given], expected)
