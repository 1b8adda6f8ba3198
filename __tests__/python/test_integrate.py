import json
import os
import unittest
from unittest import mock

from common.constants import CONNECTOR_MODULES
from common.failure import Failure
from measure import demands, integration
from step.image import integrate
from step.image.integrate import find_module, find_patch, only_package, version_of

from ..support.image_python import SitePackages, folder, printed, write

PACKAGE = (
    "diff --git a/vllm/config.py b/vllm/config.py\n--- a/vllm/config.py\n+++ b/vllm/config.py\n@@ -1 +1 @@\n-a\n+b\n"
)
TESTS = (
    "diff --git a/tests/vllm/x.py b/tests/vllm/x.py\n--- a/tests/vllm/x.py\n+++ b/tests/vllm/x.py\n"
    "@@ -1 +1 @@\n-a\n+b\n"
)
NEW = (
    "diff --git a/vllm/new.py b/vllm/new.py\nnew file mode 100644\n--- /dev/null\n+++ b/vllm/new.py\n"
    "@@ -0,0 +1 @@\n+a\n"
)
GONE = (
    "diff --git a/vllm/old.py b/vllm/old.py\ndeleted file mode 100644\n--- a/vllm/old.py\n+++ /dev/null\n"
    "@@ -1 +0,0 @@\n-a\n"
)
MAIL = "From 1234 Mon Sep 17 00:00:00 2001\nSubject: [PATCH] x\n\n vllm/config.py | 2 +-\n"


def plain(patch):
    """A patch as diff -u writes it, without git's lines."""
    return patch.partition("\n")[2]


class OnlyPackageTest(unittest.TestCase):
    def test_leaves_out_files_beside_the_package(self):
        csrc = TESTS.replace("tests/vllm", "csrc")
        self.assertEqual(only_package(TESTS + PACKAGE + csrc + NEW, "vllm"), PACKAGE + NEW)

    def test_keeps_files_that_are_added_or_deleted(self):
        self.assertEqual(only_package(NEW + GONE, "vllm"), NEW + GONE)

    def test_leaves_out_what_a_mail_says_before(self):
        self.assertEqual(only_package(MAIL + PACKAGE, "vllm"), PACKAGE)

    def test_reads_a_patch_without_lines_of_git(self):
        self.assertEqual(only_package(plain(TESTS) + plain(PACKAGE), "vllm"), plain(PACKAGE))

    def test_does_not_take_changed_lines_for_files(self):
        part = TESTS + "-diff a/vllm/x b/vllm/x\n --- a/vllm/x.py\n +++ b/vllm/x.py\n"
        self.assertEqual(only_package(part + PACKAGE, "vllm"), PACKAGE)

    def test_does_not_take_another_package_for_the_engine(self):
        self.assertEqual(only_package(PACKAGE.replace("vllm/", "vllm_extra/"), "vllm"), "")
        self.assertEqual(only_package(PACKAGE, "sglang"), "")

    def test_keeps_ends_of_lines_as_they_are(self):
        text = PACKAGE.replace("-a\n+b\n", "-a\r\n+b\r\n")
        self.assertEqual(only_package(text, "vllm"), text)

    def test_is_empty_for_a_patch_without_files(self):
        self.assertEqual([only_package("", "vllm"), only_package(MAIL, "vllm")], ["", ""])


class FindPatchTest(unittest.TestCase):
    def setUp(self):
        self.patches = folder(self)
        given = mock.patch.object(integrate, "PATCHES", self.patches)
        given.start()
        self.addCleanup(given.stop)

    def test_is_the_one_for_exactly_this_version_local_parts_aside(self):
        path = write(self.patches + "/vllm_v0.10.2-aibrix-kvcache.patch")
        for version in ("0.10.2", "0.10.2+cu128"):
            with self.subTest(version):
                self.assertEqual(find_patch("vllm", version), (path, None))
        for version in ("0.10.1", "0.10.2.post1", "0.10.2rc1", "0.10"):
            with self.subTest(version):
                self.assertEqual(
                    find_patch("vllm", version), (None, "this AIBrix release has no patch for vllm " + version)
                )

    def test_is_none_for_sglang(self):
        write(self.patches + "/sglang_v0.5.3-aibrix-kvcache.patch")
        self.assertEqual(find_patch("sglang", "0.5.3"), (None, "AIBrix has no patches for sglang"))


class FindModuleTest(unittest.TestCase):
    def setUp(self):
        self.packages = SitePackages(self)

    def test_is_the_module_without_importing_anything(self):
        dotted, = CONNECTOR_MODULES["vllm"]
        self.packages.add("aibrix_kvcache/__init__.py", "raise SystemExit('imported')")
        self.packages.add(dotted.replace(".", "/") + ".py")
        self.assertEqual(find_module("vllm"), (dotted, None))

    def test_is_the_file_in_a_package_before_the_package(self):
        file, package = CONNECTOR_MODULES["sglang"]
        self.packages.add("sglang/__init__.py")
        self.packages.add(package.replace(".", "/") + "/__init__.py")
        self.assertEqual(find_module("sglang"), (package, None))
        self.packages.add(file.replace(".", "/") + ".py")
        self.assertEqual(find_module("sglang"), (file, None))

    def test_is_none_in_a_release_without_it_or_with_its_folder_alone(self):
        for add in (lambda: None, lambda: self.packages.add("sglang/__init__.py"),
                    lambda: os.makedirs(os.path.join(self.packages.path, *CONNECTOR_MODULES["sglang"][1].split(".")))):
            add()
            self.assertEqual(find_module("sglang"), (None, "this sglang has no " + CONNECTOR_MODULES["sglang"][0]))
        self.assertEqual(find_module("vllm"), (None, "this AIBrix release has no " + CONNECTOR_MODULES["vllm"][0]))


class EngineTest(unittest.TestCase):
    def setUp(self):
        self.site = SitePackages(self)
        self.site.install("vllm", "0.9.0")

    def test_is_the_one_of_the_image_whatever_else_is_installed(self):
        self.site.install("sglang", "0.5.11")
        self.assertEqual([version_of("sglang"), version_of("vllm")], ["0.5.11", "0.9.0"])

    def test_is_missing_in_a_base_that_has_the_other_one_alone(self):
        with self.assertRaisesRegex(Failure, "no sglang among its Python packages"):
            version_of("sglang")

    def test_is_recorded_with_what_connects_it(self):
        place = folder(self)
        with (
            mock.patch.multiple(integrate, INTEGRATION_RECORD=place + "/it/integration.json", PATCHES=place),
            printed(),
        ):
            with mock.patch.dict(os.environ, INTEGRATION="none"):
                integrate.main("vllm")
        with open(place + "/it/integration.json", encoding="utf-8") as file:
            self.assertEqual(
                json.load(file),
                {"engine": "vllm", "mode": "none", "reason": "it was requested", "evidence": None, "conditions": []},
            )

    def test_is_recorded_with_the_condition_on_which_the_engine_runs_what_aibrix_acts_on(self):
        runner = "class GPUModelRunner:\n    def execute_model(self): pass\n"
        for path, text in {
            "vllm/__init__.py": "",
            "vllm/envs.py": 'environment_variables = {"X": lambda: os.getenv("VLLM_USE_V2_MODEL_RUNNER", None)}',
            "vllm/v1/worker/gpu_model_runner.py": runner,
            "vllm/v1/worker/gpu/model_runner.py": runner,
            "aibrix_kvcache/__init__.py": "",
            CONNECTOR_MODULES["vllm"][0].replace(".", "/")
            + ".py": "from vllm.v1.worker.gpu_model_runner import GPUModelRunner as R\n"
                     "R.execute_model = wrap(R.execute_model)",
        }.items():
            self.site.add(path, text)
        record = folder(self) + "/integration.json"
        with (
            mock.patch.object(integrate, "INTEGRATION_RECORD", record),
            mock.patch.object(demands, "INTEGRATION_RECORD", record),
            mock.patch.object(integration, "INTEGRATION_RECORD", record),
            printed(),
        ):
            with mock.patch.dict(os.environ, {"INTEGRATION": "module"}):
                integrate.main("vllm")
            with mock.patch.dict(os.environ, {"VLLM_USE_V2_MODEL_RUNNER": "0"}):
                (condition,) = demands.conditions()
            self.assertEqual(
                (condition["kind"], condition["name"], condition["set"]),
                ("environment", "VLLM_USE_V2_MODEL_RUNNER=0", "0"),
            )
            self.assertEqual(demands.conditions()[0]["set"], os.environ.get("VLLM_USE_V2_MODEL_RUNNER"))
            self.assertEqual(
                demands.hooks(), {"found": [{"runner": "V1", "there": True, "missing": []}], "error": None}
            )
