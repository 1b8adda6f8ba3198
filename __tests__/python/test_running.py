import json
import os
import subprocess
import sys
import unittest

from measure.running import start, why_not_there

from ..support.image_python import folder, program, site_of, write

RUN = os.path.join(os.path.dirname(sys.modules["measure"].__file__), "..", "common", "run")


class RunningTest(unittest.TestCase):
    def setUp(self):
        self.base = folder(self)
        self.here = folder(self)
        # Not a virtual environment's, which ignores a user's packages
        python = os.path.join(folder(self), "python3")
        os.symlink(os.path.realpath(sys.executable), python)
        path = "{}:{}".format(os.path.dirname(python), os.environ["PATH"])
        variables = {"PATH": path, "PYTHONUSERBASE": self.base, "BASE_ENTRYPOINT": '["python3", "-m", "vllm"]'}
        self.call = {"env": variables, "cwd": self.here, "stderr": subprocess.DEVNULL}
        self.site = site_of(self.base)

    def measured(self):
        path = os.path.join(self.base, "facts.json")
        subprocess.check_call(["sh", RUN, "as-user", "measure", "running-image", path], **self.call)
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    def test_runs_in_the_current_folder_without_a_home_and_follows_a_pth_of_the_user(self):
        write(os.path.join(self.site, "a.pth"), self.base + "/elsewhere\n")
        paths = {
            write(os.path.join(self.here, "nixl.py")),
            write(os.path.join(self.base, "elsewhere/torch/__init__.py")),
        }
        found = self.measured()
        self.assertEqual((found["identity"]["directory"], found["identity"]["home"]), (self.here, None))
        self.assertLessEqual(paths, {module["file"] for module in found["imports"]["modules"]})
        self.assertIn(self.base + "/elsewhere", found["imports"]["path"])

    def test_is_not_led_astray_by_modules_in_the_current_folder(self):
        self.call["env"]["BASE_ENTRYPOINT"] = "[]"
        for name in ("json.py", "re.py", "random.py", "importlib/__init__.py"):
            write(os.path.join(self.here, name), "raise SystemExit('not this one')\n")
        self.assertIsNone(self.measured()["imports"]["error"])

    def test_outlives_what_ends_each_python_of_the_user(self):
        write(os.path.join(self.site, "usercustomize.py"), "raise SystemExit('no Python today')\n")
        self.assertIn("no Python today", self.measured()["imports"]["error"])


class ToolTest(unittest.TestCase):
    def test_is_started_or_the_reason_is_reported(self):
        program(self, "a-tool", "exit $1")
        self.assertEqual(start("a-tool", ["0"], None), {"outcome": "ok"})
        self.assertEqual(start("a-tool", ["3"], None)["outcome"], "error")
        self.assertRegex(start("no-such-tool", [], None)["error"], "^no-such-tool is not on the PATH")

    def test_that_can_not_be_started_names_its_place(self):
        path = program(self, "a-tool", "")
        os.chmod(path, 0o644)
        self.assertEqual(why_not_there("a-tool"), f"permission denied: {path} (not executable)")
