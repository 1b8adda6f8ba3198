import os
import unittest
from unittest import mock

from common.hooks import hooks
from common.runners import conditions, runners
from common.source import parse

from ..support.image_python import SitePackages

V1 = "vllm/v1/worker/gpu_model_runner.py"
V2 = "vllm/v1/worker/gpu/model_runner.py"
RUNNER = "class GPUModelRunner:\n    def execute_model(self): pass\n    def _update_states(self): pass\n"
GETENV = 'variables = {"VLLM_USE_V2_MODEL_RUNNER": lambda: convert(os.getenv("VLLM_USE_V2_MODEL_RUNNER", %s))}\n'
PROPERTY = "class VllmConfig:\n    @property\n    def use_v2_model_runner(self):\n"
ZERO = "VLLM_USE_V2_MODEL_RUNNER=0"
FIRST = [{"runner": "V1", "there": True, "missing": []}]
BOTH = FIRST + [{"runner": "V2", "there": True, "missing": []}]


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
