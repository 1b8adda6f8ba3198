"""Compares lists that are written twice: in the scripts and in src/, or in two scripts."""

import ast
import glob
import os
import re
import unittest

import derive.bases
import derive.nixl
import measure.demands
import measure.entrypoint
import measure.nixl
import measure.tools
from common.constants import CONNECTOR_MODULES, DRIVER_LIBRARIES, DRIVER_STUBS, ENGINES, UCX_MOUNT, UCX_PREFIX
from common.failure import explain
from common.runner_default import SWITCH
from common.runners import RUNNERS
from measure.cuda_links import LIBRARY
from step.builder import toolkit
from step.image import debug_tools, integrate, nixl, ucx_tools
from step.ucx import build_ucx
from step.wheel import project

from ..support.image_python import printed
from . import ROOT


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


SOURCES = [read(path) for path in sorted(glob.glob(os.path.join(ROOT, "src", "**", "*.ts"), recursive=True))]


def declared(name):
    """What src/ assigns to a constant, in one file or in several.

    Strings and lists of them look as in Python.
    """
    pattern = re.compile(
        rf"^(?:export )?const {name}(?:: [^=\n]+)? = (\[[^\]]*\]|'[^']*')(?: as const)?$", re.MULTILINE
    )
    found = [ast.literal_eval(match.group(1)) for text in SOURCES for match in pattern.finditer(text)]
    assert found and all(value == found[0] for value in found), f"src/ has {found!r} for {name}"
    return found[0]


def text_of(name):
    """The lines in which src/ declares a constant of another kind."""
    found = [
        match.group(0)
        for text in SOURCES
        for match in re.finditer(rf"(?ms)^(?:export )?const {name}\b.*?(?:^}}|\n\n|\Z)", text)
    ]
    assert len(found) == 1, f"src/ declares {name} {len(found)} times"
    return found[0]


class WithSourceTest(unittest.TestCase):
    def test_debug_tools_are_installed_measured_and_judged(self):
        measured = [command for command, _, _ in measure.tools.TOOLS]
        self.assertEqual([list(debug_tools.TOOLS), measured], [declared("debugTools")] * 2)

    def test_gpu_architectures_of_auto_are_compiled_judged_and_documented(self):
        self.assertEqual(list(toolkit.USUAL), declared("automatic"))
        self.assertIn("auto (those of {} that".format(" ".join(toolkit.USUAL)), read("action.yml"))

    def test_the_first_nixl_with_variants_is_the_same(self):
        self.assertEqual(nixl.FIRST_WITH_VARIANTS, declared("firstWithVariants"))

    def test_the_connector_of_vllm_is_found_and_shown(self):
        dotted, = CONNECTOR_MODULES["vllm"]
        self.assertEqual(dotted, declared("defaultModule"))
        self.assertIn("\n  {}: '".format(dotted.rpartition(".")[2]), text_of("moduleClasses"))

    def test_modes_of_integration_are_requested_and_recorded(self):
        self.assertEqual(sorted(integrate.MODES), sorted(["auto"] + declared("integrationModes")))

    def test_headers_that_the_wheel_needs_are_in_its_key(self):
        parts = {{"cudart": "cuda-runtime"}.get(part, part) for part in project.HEADERS.values()}
        self.assertLessEqual(parts, set(declared("headersOfWheel")))
        driver = {"cuda.h": "cuda-runtime", "nvml.h": "nvml-dev"}
        self.assertEqual({driver[header] for _, header, _, _ in toolkit.DRIVER}, set(declared("headersOfUcx")))

    def test_libraries_that_reveal_the_cuda_version_are_measured(self):
        names = re.search(r"lib\(\?:([\w|]+)\)", text_of("versionedByCuda")).group(1).split("|")
        self.assertIn("cudart", names)
        self.assertEqual([name for name in names if not LIBRARY.match(f"lib{name}.so.13")], [])

    def test_tools_of_ucx_are_those_that_a_stored_artifact_must_have(self):
        self.assertTrue(
            any(str(list(build_ucx.TOOLS)) in text for text in SOURCES), f"src/ does not list {list(build_ucx.TOOLS)}"
        )

    def test_packages_that_ucx_is_compiled_with_are_in_its_key(self):
        listed = [
            set(ast.literal_eval(found))
            for text in SOURCES
            for found in re.findall(r"const packages = (\['lib[^\]]*\])", text)
        ]
        packages = {package for package in build_ucx.HEADERS} | {debug_tools.LIBRARIES["librdmacm.so.1"]}
        self.assertEqual([packages - names for names in listed], [set()])

    def test_engines_are_named_in_src(self):
        self.assertEqual(tuple(re.findall(r"(?m)^  (\w+): {$", text_of("engines"))), ENGINES)

    def test_the_first_nixl_that_imports_the_variant_of_torch_is_the_first_with_all_variants(self):
        first = ".".join(map(str, measure.nixl.FIRST_BY_TORCH))
        self.assertEqual(f"{first}.0", declared("firstWithAllVariants"))

    def test_model_runners_and_their_switch_are_named_in_src(self):
        named = [f"{name}: '{module.replace('.', '/')}.py'" for name, module in RUNNERS.items()] + [f"{SWITCH}="]
        self.assertEqual([name for name in named if not any(name in text for text in SOURCES)], [])

    def test_a_stored_ucx_must_have_the_stub_of_libcuda(self):
        stub = f"'{DRIVER_STUBS}/{DRIVER_LIBRARIES[0]}'"
        self.assertTrue(any(stub in text for text in SOURCES), f"src/ does not check {stub}")

    def test_the_format_of_facts_is_the_one_that_src_reads(self):
        written = re.search(r'"format": (\d+)', read("dockerfiles", "scripts", "measure", "__main__.py")).group(1)
        fields = [text for text in SOURCES if "bundledUcx: " in text and "format: v.literal" in text]
        self.assertEqual([re.findall(r"format: v\.literal\((\d+)\)", text) for text in fields], [[written]])

    def test_a_failed_step_says_so_as_the_action_reads_it(self):
        with printed() as text:
            explain("x")
        begin = text.getvalue().partition("x\n")[0]
        self.assertTrue(any(f"/{begin}(.+)/" in source for source in SOURCES), f"src/ does not look for {begin!r}")


class WithDockerfilesTest(unittest.TestCase):
    def test_the_dockerfiles_run_all_steps_and_no_other(self):
        scripts = "dockerfiles/scripts"
        # Importing it would run a step
        steps = ast.literal_eval(
            re.search(r"(?ms)^STEPS = (\{.*?^\})$", read(scripts, "common", "__main__.py")).group(1)
        )
        for engine in ("vllm", "sglang"):
            run = re.findall(
                r'common/run", "step", "([^"]+)"(?:, "(\w+)")?\]$',
                read("dockerfiles", "Dockerfile." + engine),
                re.MULTILINE,
            )
            self.assertEqual(sorted(name for name, _ in run), sorted(steps))
            for name, given in run:
                self.assertIn(given, ("", engine))
                main = f"\ndef main({'engine: str' if given else ''}) -> None:\n"
                self.assertIn(main, read(scripts, "step", steps[name].replace(".", "/") + ".py"))

    def test_ucx_is_copied_from_if_it_is_built(self):
        for engine in ("vllm", "sglang"):
            text = read("dockerfiles", "Dockerfile." + engine)
            self.assertIn(f"COPY --from=ucx-builder {UCX_PREFIX} /\n", text)
            # Once for the image, and once for each of its two measurements
            self.assertEqual(text.count(f"--mount=type=bind,from=ucx,target={UCX_MOUNT} "), 3)


class WithinTheScriptsTest(unittest.TestCase):
    def test_stubs_of_the_driver_are_not_in_the_image(self):
        self.assertIn(os.path.relpath(build_ucx.STUBS, UCX_PREFIX), ucx_tools.NOT_FOR_THE_IMAGE)
        self.assertEqual(tuple(soname for soname, _, _, _ in toolkit.DRIVER), DRIVER_LIBRARIES)

    def test_engines_are_the_same_everywhere(self):
        lists = (CONNECTOR_MODULES, measure.demands.FACTORIES, measure.entrypoint.SERVERS, derive.bases.ENGINES)
        self.assertEqual([tuple(names) for names in lists], [ENGINES] * len(lists))

    def test_machines_have_a_toolkit_and_wheels_of_nixl(self):
        self.assertEqual(tuple(toolkit.TARGETS), derive.nixl.PLATFORMS)
