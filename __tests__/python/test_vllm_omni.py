import json
import os
import sys
import unittest
from unittest import mock

from common import beside_the_base, run_pip
from common.failure import Failure
from common.requirements import parse
from step.extra import packages

from .. import python as tests
from ..support.image_python import environment, folder, printed, site_of, write
from ..support.python_index import zip_of

# What a base of vLLM has of the packages that vllm-omni requires
BASE = {
    "vllm": "0.22.1",
    "torch": "2.11.0",
    "transformers": "4.57.6",
    "safetensors": "0.8.0",
    "tqdm": "4.67.1",
    "einops": "0.8.2",
    "pyzmq": "27.1.0",
    "soundfile": "0.13.1",
    "av": "16.0.1",
}


def required():
    """What vllm-omni 0.22.0 requires, by its metadata on PyPI, without its extras."""
    path = os.path.join(tests.ROOT, "__tests__", "fixtures", "vllm-omni", "0.22.0.txt")
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file if "extra ==" not in line]


def metadata(name, version, requires=()):
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", "Provides-Extra: ffmpeg"]
    return "\n".join([*lines, *(f"Requires-Dist: {text}" for text in requires), ""])


class VllmOmniTest(unittest.TestCase):
    """pip itself installs vllm-omni with its real metadata beside a base; all wheels are empty."""

    def setUp(self):
        self.place, self.wheels = environment(self), folder(self)
        self.site = site_of(self.place)
        paths = [self.site, *(path for path in sys.path if not path.endswith("-packages"))]
        self.record = os.path.join(folder(self), "extra-packages.json")
        settings = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": self.wheels}
        for given in (
            mock.patch.object(sys, "path", paths),
            mock.patch.object(sys, "executable", f"{self.place}/bin/python3"),
            mock.patch.object(run_pip.package_index, "settings", lambda: settings),
            mock.patch.object(beside_the_base, "CONSTRAINTS", os.path.join(folder(self), "constraints.txt")),
            mock.patch.object(packages, "EXTRA_PACKAGES_RECORD", self.record),
        ):
            given.start()
            self.addCleanup(given.stop)
        run_pip.pip_path_of.cache_clear()
        self.offer("vllm-omni", "0.22.0", required())
        for text in required():
            requirement = parse(text)
            if requirement.name not in BASE:
                # The version of a first `==` or `>=`
                named = (one for one in requirement.specifier if one.operator in ("==", ">="))
                version = min(named, key=str, default=None)
                self.offer(requirement.name, version.version if version else "1.0")
        # Newer ones, which a base must not get
        for name, version in (("transformers", "5.8.1"), ("torch", "2.13.0"), ("safetensors", "0.9.0")):
            self.offer(name, version)

    def offer(self, name, version, requires=()):
        stem = f"{name.replace('-', '_')}-{version}"
        wheel = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        content = {"METADATA": metadata(name, version, requires), "WHEEL": wheel, "RECORD": ""}
        files = {f"{stem}.dist-info/{file}": text for file, text in content.items()}
        write(f"{self.wheels}/{stem}-py3-none-any.whl", zip_of(files))

    def add(self, base, text="vllm-omni==0.22.0"):
        for name, version in base.items():
            write(f"{self.site}/{name}-{version}.dist-info/METADATA", metadata(name, version))
        with mock.patch.dict(os.environ, EXTRA_PACKAGES=text), printed() as output:
            packages.main()
        with open(self.record, encoding="utf-8") as file:
            return json.load(file)["added"], output.getvalue()

    def test_is_added_with_what_the_base_lacks_and_changes_nothing(self):
        added, _ = self.add(BASE)
        names = {parse(text).name for text in required()} | {"vllm-omni"}
        self.assertEqual(added, sorted(names - set(BASE)))
        self.assertIn("diffusers", added)
        kept = {name: os.path.isdir(f"{self.site}/{name}-{version}.dist-info") for name, version in BASE.items()}
        self.assertEqual(kept, dict.fromkeys(BASE, True))
        self.assertFalse([name for name in os.listdir(self.site) if name.startswith("transformers-5")])

    def test_is_refused_by_a_base_with_a_version_that_it_excludes(self):
        with self.assertRaisesRegex(Failure, "could not be installed beside the engine's packages: .*conflict"):
            self.add({**BASE, "transformers": "5.2.0"})
        self.assertFalse([name for name in os.listdir(self.site) if name.startswith("vllm_omni")])
