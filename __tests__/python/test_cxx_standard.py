import os
import unittest

from common.cxx_standard import HEADERS, of_cmake, of_header, required_by
from common.packages import package_directory
from measure.engine import torch

from ..support.image_python import SitePackages, folder, write

FIXTURES = os.path.join(os.path.dirname(__file__), os.pardir, "fixtures", "torch-headers")

# By wheel: the lowest standard that its headers accept, and the standard of all of its files
WHEELS = {
    "2.7.0": (17, 17),
    "2.7.1": (17, 17),
    "2.8.0": (17, 17),
    "2.9.0": (17, 17),
    "2.9.1": (17, 17),
    "2.10.0": (17, 17),
    "2.11.0": (17, 17),
    "2.12.0": (17, 20),
    "2.12.1": (17, 20),
    "2.13.0": (17, 20),
    "2.14.0": (20, 20),
    "2.14.1": (20, 20),
    "2.15.0": (20, 20),
}


def unpacked(case, version):
    """A directory with the excerpts of a torch's files."""
    with open(os.path.join(FIXTURES, version + ".txt"), encoding="utf-8") as file:
        parts = file.read().split("== ")[1:]
    directory = folder(case)
    for part in parts:
        name, _, text = part.partition("\n")
        write(os.path.join(directory, name), text)
    return directory


class WheelsTest(unittest.TestCase):
    def test_say_which_standard_they_require(self):
        self.assertEqual(sorted(WHEELS), sorted(name[:-4] for name in os.listdir(FIXTURES) if name.endswith(".txt")))
        for version, (of_headers, of_all) in WHEELS.items():
            with self.subTest(version):
                directory = unpacked(self, version)
                self.assertEqual(required_by(directory), of_all)
                os.remove(directory + "/share/cmake/Torch/TorchConfig.cmake")
                self.assertEqual(required_by(directory), of_headers)

    def test_say_it_by_their_cmake_file_alone(self):
        for version, (_, of_all) in WHEELS.items():
            with self.subTest(version):
                directory = unpacked(self, version)
                for header in HEADERS:
                    if os.path.exists(os.path.join(directory, header)):
                        os.remove(os.path.join(directory, header))
                self.assertEqual(required_by(directory), of_all)

    def test_say_nothing_without_these_files(self):
        self.assertIsNone(required_by(folder(self)))
        self.assertIsNone(required_by("/nothing"))


class HeaderTest(unittest.TestCase):
    def test_requires_the_standard_below_which_it_is_an_error(self):
        for text, wanted in (
            ("#if __cplusplus < 201402L\n#error old\n#endif", [14]),
            ("#if __cplusplus < 202302L\n#error old\n#endif", [23]),
            ("#if __cplusplus <= 201703L\n#error old\n#endif", [20]),
            ("#if __cplusplus < 201907L\n#error a draft of C++20 will do\n#endif", [20]),
            ("#  if  __cplusplus<202002\n\n#  error old\n#  endif", [20]),
            ("#if __cplusplus < 202002L\r\n#error old\r\n#endif\r\n", [20]),
            ("#if !defined(X) && \\\r\n  __cplusplus < 202002L\r\n#error old\r\n#endif", [20]),
            ("#if __cplusplus < 202002L /* C++20\n#endif */\n// #endif\n#error old\n#endif", [20]),
            ("#if __cplusplus < 202602L\n#error C++26 or later is required\n#endif", [26]),
            ("#if !(__cplusplus >= 202002L)\n#error C++20 or later is required\n#endif", [20]),
            ("#if __cplusplus >= 202002L\nint x;\n#else\n#error You need C++20\n#endif", [20]),
            ("#ifdef X\n#elif __cplusplus < 202002L\n#error old\n#endif", [20]),
        ):
            with self.subTest(text):
                self.assertEqual(of_header(text), wanted)

    def test_requires_nothing_by_other_lines(self):
        for text in (
            "",
            "#if __cplusplus < 202002L\n#define OLD 1\n#endif",
            "#if __cplusplus < 202002L\n#define OLD 1\n#error old\n#endif",
            "#if defined(_MSC_VER) && _MSVC_LANG < 202002L\n#error old\n#endif",
            "#ifdef _WIN32\n#error C++20 on this platform\n#endif",
            "#if FOO\n#error not here\n#endif",
            "// #if __cplusplus < 202002L\n// #error old",
            "/*\n#if __cplusplus < 202002L\n#error old\n#endif\n*/",
            "#if __cplusplus < 202602L\n#error too old\n#endif",
            "#error C++20",
            "#if\n#error\n",
            "\0\udcff#if \\",
        ):
            with self.subTest(text):
                self.assertEqual(of_header(text), [])


class CmakeTest(unittest.TestCase):
    def test_sets_a_standard_by_property_feature_or_option(self):
        for text, wanted in (
            ("set_target_properties(torch PROPERTIES\n    CXX_STANDARD 20\n)", [20]),
            ("set_property(TARGET torch PROPERTY CXX_STANDARD\n  17)", [17]),
            ("target_compile_features(torch INTERFACE cxx_std_23)", [23]),
            ('set(TORCH_CXX_FLAGS "-D_GLIBCXX_USE_CXX11_ABI=1 -std=gnu++20")', [20]),
        ):
            with self.subTest(text):
                self.assertEqual(of_cmake(text), wanted)

    def test_sets_none_by_other_lines(self):
        for text in (
            "# CXX_STANDARD 20",
            "set(CMAKE_CXX_STANDARD 20)",
            "CXX_STANDARD 98",
            "CXX_STANDARD ${X}",
            "CXX_STANDARD_REQUIRED ON",
            "-std=c20",
        ):
            with self.subTest(text):
                self.assertEqual(of_cmake(text), [])


class TorchTest(unittest.TestCase):
    def test_is_measured_with_the_standard_without_being_imported_for_it(self):
        site = SitePackages(self)
        site.install("torch", "2.14.0")
        place = os.path.dirname(site.add("torch/__init__.py", "raise ImportError('no driver')"))
        site.add("torch/version.py", "__version__ = '2.14.0+cu130'\ncuda = '13.0'\n")
        self.assertEqual(package_directory("torch"), place)
        self.assertIsNone(torch()["cxxStandard"])
        site.add("torch/" + HEADERS[0], "#if __cplusplus < 202002L\n#error old\n#endif\n")
        self.assertEqual(torch()["cxxStandard"], 20)

    def test_is_nowhere(self):
        SitePackages(self)
        self.assertIsNone(package_directory("torch"))


if __name__ == "__main__":
    unittest.main()
