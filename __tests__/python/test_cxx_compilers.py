import os
import shutil
import subprocess
import unittest
from unittest import mock

from common.failure import Failure
from step.builder.toolkit import Toolkit
from step.wheel import project as own
from step.wheel.cxx_compilers import environment

from ..support.image_python import folder, printed, program, write

# Compiles what follows the options, like a compiler with a default standard and a version
ANSWERS = """case "$*" in
  *--version*) echo '%s'; exit 0 ;;
esac
for word; do last=$word; case $word in -std=*) standard=$word ;; esac; done
echo "$0 $*" >>%s
case $standard in *%s) exit 0 ;; *) echo 'error: unrecognized'; exit 1 ;; esac"""


class CompilersTest(unittest.TestCase):
    def setUp(self):
        self.place = folder(self)
        self.calls = self.place + "/calls"
        without = mock.patch.dict(os.environ)
        without.start()
        self.addCleanup(without.stop)
        for name in ("CXX", "CUDAHOSTCXX"):
            os.environ.pop(name, None)
        self.nvcc = self.compiler("nvcc", "Cuda compilation tools, release 13.0, V13.0.88")

    def compiler(self, name, version="%s 12.2.0", knows="20"):
        return program(self, name, ANSWERS % (version, self.calls, knows))

    def asked(self, standard):
        with printed() as text:
            self.given = environment(standard, self.nvcc, self.place + "/compiler")
        return text.getvalue()

    def called(self):
        with open(self.calls, encoding="utf-8") as file:
            return file.read()

    def test_are_the_projects_own_for_a_torch_that_requires_no_more(self):
        for standard in (None, 14, 17):
            with self.subTest(standard):
                self.assertEqual(self.asked(standard), "")
                self.assertEqual(self.given, {})
        self.assertFalse(os.path.exists(self.calls))

    def test_get_the_standard_as_their_last_option(self):
        own = self.compiler("c++")
        self.assertIn("compiling as C++20", self.asked(20))
        self.assertEqual(self.given["NVCC_APPEND_FLAGS"], "-std=c++20")
        subprocess.run([self.given["CXX"], "-std=gnu++17", "-c", "a b.cpp"], check=True)
        self.assertTrue(self.called().endswith(f"{own} -std=gnu++17 -c a b.cpp -std=gnu++20\n"))

    def test_are_those_that_the_base_names(self):
        self.compiler("c++", knows="17")
        launcher = program(self, "launch it", 'exec "$@"')
        os.environ["CXX"] = "'{}' {}".format(launcher, self.compiler("clang++-19"))
        os.environ["CUDAHOSTCXX"] = "/opt/g++-13"
        self.asked(20)
        self.assertRegex(
            self.called(), r"nvcc -std=c\+\+17 -ccbin /opt/g\+\+-13 -c .*standard\.cu -o .* -std=c\+\+20\n"
        )
        subprocess.run([self.given["CXX"], "x.cpp"], check=True)
        self.assertTrue(self.called().endswith("clang++-19 x.cpp -std=gnu++20\n"))

    def test_that_lack_the_standard_fail_the_step_before_anything_is_compiled(self):
        for name, who in (
            ("c++", "c\\+\\+ \\(g\\+\\+ 10.2.1\\)"),
            ("nvcc", "nvcc \\(Cuda compilation tools, release 11.8, V11.8.89\\)"),
        ):
            with self.subTest(name):
                self.compiler("c++")
                self.nvcc = self.compiler("nvcc")
                broken = self.compiler(
                    name,
                    {"c++": "g++ 10.2.1", "nvcc": "Cuda compilation tools, release 11.8, V11.8.89"}[name],
                    knows="17",
                )
                self.nvcc = broken if name == "nvcc" else self.nvcc
                with self.assertRaisesRegex(
                    Failure, rf"^the base's torch requires C\+\+20, which {who} does not compile; choose a base .*\.$"
                ):
                    environment(20, self.nvcc, self.place + "/compiler")
                self.assertFalse(os.path.exists(self.place + "/compiler"))

    def test_that_do_not_exist_fail_the_step_too(self):
        for given in ("/nothing/c++", "'c++"):
            with self.subTest(given), self.assertRaisesRegex(Failure, r"which '?c\+\+ does not compile"):
                os.environ["CXX"] = given
                environment(20, self.nvcc, self.place + "/compiler")

    @unittest.skipUnless(shutil.which("c++"), "it is compiled")
    def test_compile_what_requires_it_whatever_the_project_sets(self):
        source = write(self.place + "/x.cpp", "#if __cplusplus < 202002L\n#error older\n#endif\n")
        compiling = ["-std=gnu++17", "-c", source, "-o", self.place + "/x.o"]
        self.asked(20)
        self.assertNotEqual(subprocess.run(["c++"] + compiling, stderr=subprocess.DEVNULL, check=False).returncode, 0)
        subprocess.run([self.given["CXX"]] + compiling, check=True)


class BuildTest(unittest.TestCase):
    def test_sees_them_beside_the_flags_for_architectures(self):
        place = folder(self)
        project = os.path.dirname(
            write(
                place + "/pyproject.toml", '[build-system]\nrequires = []\nbuild-backend = "x"\nbackend-path = ["."]\n'
            )
        )
        os.chmod(write(place + "/cuda/bin/nvcc", "#!/bin/sh\necho 'release 13.0, V13.0.88'\n"), 0o755)
        with (
            mock.patch.dict(os.environ, CUDA_HOME=place + "/cuda"),
            mock.patch.object(own, "WORK", place + "/work"),
        ):
            toolkit = Toolkit()
            seen = []
            for given in ({}, {"CXX": "/c++", "NVCC_APPEND_FLAGS": "-std=c++20"}):
                seen.append(own.compiler_environment(project, toolkit, ["9.0"], given))
                shutil.rmtree(place + "/work")
        flags = "-gencode arch=compute_90,code=sm_90 -gencode arch=compute_90,code=compute_90"
        self.assertEqual([one["NVCC_APPEND_FLAGS"] for one in seen], [flags, flags + " -std=c++20"])
        self.assertEqual([one.get("CXX") for one in seen], [None, "/c++"])


if __name__ == "__main__":
    unittest.main()
