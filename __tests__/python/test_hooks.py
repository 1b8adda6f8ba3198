import os

from common.runners import of_patch

from .test_runners import BOTH, FIRST, RUNNER, V1, RunnersTest

HOOK = """
def hook(module):
    GPUModelRunner = module.GPUModelRunner
    before, update = GPUModelRunner.execute_model, GPUModelRunner._update_states
    GPUModelRunner.execute_model = lambda self: before(self)
    GPUModelRunner._update_states = lambda self: update(self)
    GPUModelRunner._patched = getattr(GPUModelRunner, "_patched", True)
"""
BY_NAME = HOOK + 'NAME = "vllm.v1.worker.gpu_model_runner"\nhook(importlib.import_module(NAME))\n'


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
