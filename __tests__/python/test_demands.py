import os
import unittest

from measure import demands

from ..support.image_python import SitePackages

FACTORY = (
    'KVConnectorFactory.register_connector(\n    "NixlConnector", "m", "C")\n'
    'KVConnectorFactory.register_connector(name, "m", "C")\n'
)


class DemandsTest(unittest.TestCase):
    def setUp(self):
        self.packages = SitePackages(self)
        self.packages.add("vllm/__init__.py")

    def of_vllm(self):
        return demands.of_engine("vllm", os.path.join(self.packages.path, "vllm"))

    def test_are_found_with_file_and_line(self):
        self.packages.add("vllm/distributed/worker.py", '\ncheck_nixl_version("1.5.0")')
        self.assertEqual(
            self.of_vllm()["floors"],
            [
                {
                    "distribution": "nixl",
                    "bound": ">=",
                    "version": "1.5.0",
                    "file": "vllm/distributed/worker.py",
                    "line": 2,
                    "form": "call",
                }
            ],
        )

    def test_are_of_the_distribution_that_owns_a_module(self):
        self.packages.install("flash-infer-python", "0.6", top_level=b"\xff")
        self.packages.install("flashinfer-python", "0.6", **{"top_level.txt": "flashinfer\n"})
        self.packages.add("vllm/a.py", 'if Version(flashinfer.__version__) < Version("0.6.1"):\n    raise E')
        self.assertEqual(self.of_vllm()["floors"][0]["distribution"], "flashinfer-python")

    def test_are_not_searched_in_tests_and_code_for_other_hardware(self):
        for place in ("tests", "benchmarks", "rocm"):
            self.packages.add(f"vllm/{place}/worker.py", 'check_nixl_version("1.5.0")')
        self.assertEqual(self.of_vllm()["floors"], [])

    def test_name_the_files_that_can_not_be_read(self):
        self.packages.add("vllm/broken.py", 'check_nixl_version("1.5.0"')
        self.packages.add("vllm/of_no_interest.py", "def (")
        self.packages.add("vllm/worker.py", 'check_nixl_version("1.5.0")')
        found = self.of_vllm()
        self.assertEqual([unread["file"] for unread in found["unread"]], ["vllm/broken.py"])
        self.assertEqual(len(found["floors"]), 1)

    def test_have_the_connectors_of_the_factory(self):
        self.packages.add("vllm/distributed/kv_transfer/kv_connector/factory.py", FACTORY)
        self.assertEqual(self.of_vllm()["connectors"], ["NixlConnector"])
        self.packages.add("vllm/distributed/kv_transfer/kv_connector/factory.py", "def (")
        demands.parse.cache_clear()
        self.assertEqual(self.of_vllm()["connectors"], [])
