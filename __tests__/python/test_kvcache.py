import os
import shutil
import unittest
from unittest import mock

from measure import kvcache, probe

from ..support.image_python import folder, write
from ..support.limits import limit_begins
from . import ROOT

STAND_INS = os.path.join(ROOT, "stand-ins")
EQUAL = {"bytes": 65536, "differs": None}


class KvcacheTest(unittest.TestCase):
    """With the stand-in's cache and torch, which have the real names."""

    def setUp(self):
        self.site = folder(self)
        self.package = self.site + "/aibrix_kvcache"
        shutil.copytree(STAND_INS + "/aibrix/python/aibrix_kvcache/aibrix_kvcache", self.package)
        write(self.package + "/_version.py", "__version__ = '0.7.0'")
        write(self.site + "/stand_in_dependency/__init__.py")
        write(self.site + "/torch/__init__.py", "from ._tensor import *")
        shutil.copy(STAND_INS + "/torch/package/torch/_tensor.py", self.site + "/torch")
        given = mock.patch.dict(os.environ, PYTHONPATH=self.site)
        given.start()
        self.addCleanup(given.stop)

    def edit(self, file, before, after):
        path = os.path.join(self.package, file)
        with open(path, encoding="utf-8") as opened:
            text = opened.read()
        self.assertIn(before, text)
        write(path, text.replace(before, after))

    def assertTold(self, **expected):
        told = kvcache.round_trip()
        self.assertEqual({name: told[name] for name in expected}, expected)
        return told

    def test_reports_that_blocks_come_back(self):
        self.assertTold(step="end", lacks=None, memory=EQUAL, files=EQUAL, process={"outcome": "ok"})

    def test_leaves_nothing_behind(self):
        home = folder(self)
        with mock.patch.dict(os.environ, HOME=home, TMPDIR=home):
            self.assertTold(step="end")
        self.assertEqual(os.listdir(home), [])

    def test_has_settings_of_its_own(self):
        with mock.patch.dict(
            os.environ,
            AIBRIX_KV_CACHE_OL_L2_CACHE_BACKEND="REDIS",
            AIBRIX_KV_CACHE_OL_SHFS_ROOT="/nowhere",
            AIBRIX_KV_CACHE_OL_DEVICE="cuda",
        ):
            self.assertTold(step="end", files=EQUAL)

    def test_reports_that_memory_gives_other_bytes(self):
        self.edit(
            "l1/__init__.py",
            "self._regions[key] = region",
            "region.fill(bytes(region.length))\n        self._regions[key] = region",
        )
        differs = self.assertTold(files=EQUAL)["memory"]["differs"]
        self.assertEqual(differs["first"], 0)
        self.assertGreater(differs["count"], 65000)

    def test_reports_that_a_block_comes_back_in_place_of_another_one(self):
        self.edit("l1/__init__.py", "self._regions.get(key)", "list(self._regions.values())[0]")
        self.assertEqual(self.assertTold(files=EQUAL)["memory"]["differs"]["first"], 32768)

    def test_reports_that_files_give_other_bytes(self):
        self.edit("l2/connectors/shfs.py", "file.write(region.tobytes())", "file.write(region.tobytes()[:-2] + b'xx')")
        self.assertEqual(self.assertTold(memory=EQUAL)["files"]["differs"], {"count": 4, "first": 32766})

    def test_does_not_take_for_files_what_stays_in_memory(self):
        self.edit("l2/connectors/shfs.py", 'open(self._path(key), "wb")', 'open("/dev/null", "wb")')
        told = self.assertTold(step="files", files=None, memory=EQUAL)
        self.assertIn("put left no file below AIBRIX_KV_CACHE_OL_SHFS_ROOT", told["process"]["error"])

    def test_reports_that_a_file_is_not_found_again(self):
        self.edit("l2/connectors/shfs.py", "if not os.path", "if os.path")
        self.assertIn("acquire: NOT_FOUND", self.assertTold(step="files")["process"]["error"])

    def test_skips_shared_files_in_a_release_without_them(self):
        self.edit("envs.py", "AIBRIX_KV_CACHE_OL_SHFS_ROOT", "AIBRIX_KV_CACHE_OL_ROCKSDB_ROOT")
        self.assertTold(step="end", memory=EQUAL, files=None, process={"outcome": "ok"})

    def test_names_what_another_release_does_not_have(self):
        self.edit("cache_manager.py", "TESTING_DISABLE_PIN_MEMORY", "PIN_MEMORY")
        self.assertTold(lacks="aibrix_kvcache.cache_manager.TESTING_DISABLE_PIN_MEMORY", process={"outcome": "ok"})
        self.edit("config.py", "model_spec: ModelSpec", "model: ModelSpec")
        self.edit("cache_manager.py", "PIN_MEMORY", "TESTING_DISABLE_PIN_MEMORY")
        self.assertIn("model_spec", self.assertTold()["lacks"])

    def test_reports_that_it_can_not_be_imported(self):
        shutil.rmtree(self.site + "/stand_in_dependency")
        told = self.assertTold(step="import", lacks=None, memory=None)
        self.assertIn("No module named 'stand_in_dependency'", told["process"]["error"])

    def test_reports_the_step_in_which_it_hangs(self):
        self.edit("cache_manager.py", "keys = query", "import time; time.sleep(60)\n        keys = query")
        limit_begins(self, b'"step": "memory"')
        with mock.patch.object(probe, "SECONDS", 0.1):
            self.assertTold(
                step="memory", memory=None, process={"outcome": "error", "error": "did not end within 0.1 s"}
            )
