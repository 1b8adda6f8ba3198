import json
import os
import unittest
from unittest import mock

from common.failure import Failure
from common.requirements import noted_requirements
from step.wheel import dependencies
from step.wheel.dependencies import add_dependencies, without_wheel

from ..support.image_python import SitePackages, folder, printed, python_answers, write


class Index:
    """Replaces pip by one whose index has wheels of all projects but some."""

    def __init__(self, case, lacks=(), reason="No matching distribution found for {}"):
        self.calls = []
        self.lacks = list(lacks)
        self.reason = reason
        given = mock.patch.object(dependencies, "pip", self.pip)
        given.start()
        case.addCleanup(given.stop)

    def pip(self, arguments, what):
        requested = [text for text in arguments[arguments.index("-d" if "-d" in arguments else "-w") + 2:]]
        self.calls.append((arguments[0], requested))
        for text in requested:
            if text in self.lacks:
                raise Failure(f"{what}: {self.reason.format(text)}")


class WithoutWheelTest(unittest.TestCase):
    def setUp(self):
        python_answers(self, None)

    def test_is_nothing_after_one_call_if_all_have_wheels(self):
        index = Index(self)
        self.assertEqual(without_wheel(["a>=1", "b", "c==2"]), [])
        self.assertEqual(index.calls, [("download", ["a>=1", "b", "c==2"])])

    def test_calls_pip_for_no_requirements_not_at_all(self):
        index = Index(self)
        self.assertEqual((without_wheel([]), index.calls), ([], []))

    def test_is_what_pip_names_one_after_another(self):
        index = Index(self, ["Sample_A>=1", "c==2"])
        self.assertEqual(without_wheel(["b", "c==2", "Sample_A>=1", "d"]), ["c==2", "Sample_A>=1"])
        self.assertEqual([len(requested) for _, requested in index.calls], [4, 3, 2])

    def test_is_found_one_by_one_if_pip_names_none(self):
        index = Index(self, ["b", "c"], "the index does not answer")
        self.assertEqual(without_wheel(["a", "b", "c"]), ["b", "c"])
        self.assertEqual([requested for _, requested in index.calls], [["a", "b", "c"], ["a"], ["b"], ["c"]])

    def test_is_found_one_by_one_if_requirements_conflict_only_with_each_other(self):
        index = Index(self)
        conflict = Failure("there is no wheel: Cannot install a<2 and a>=2 because of conflicts.")

        def pip(arguments, what):
            index.pip(arguments, what)
            if len(index.calls[-1][1]) > 1:
                raise conflict

        with mock.patch.object(dependencies, "pip", pip):
            self.assertEqual(without_wheel(["a<2", "a>=2"]), [])


class AddDependenciesTest(unittest.TestCase):
    def setUp(self):
        python_answers(self, None)
        self.base = SitePackages(self)
        self.target = os.path.join(folder(self), "dependencies")
        self.beside = []
        self.resolved = []
        for name, value in (
            ("RESOLVED", os.path.join(folder(self), "resolved.json")),
            ("pip_beside_the_base", self.pip_beside),
        ):
            given = mock.patch.object(dependencies, name, value)
            given.start()
            self.addCleanup(given.stop)

    def pip_beside(self, arguments, requirements, what):
        if arguments[0] != "install":
            self.beside.append((arguments[0], list(requirements)))
        elif self.resolved is None:
            raise Failure("no such option: --report")
        else:
            installed = [{"metadata": {"name": name, "version": "1"}} for name in self.resolved]
            write(dependencies.RESOLVED, json.dumps({"install": installed}))

    def add(self, *requirements):
        with printed() as text:
            add_dependencies(requirements, self.target)
        return text.getvalue()

    def test_builds_what_the_base_lacks_beside_the_base_and_checks_the_rest_for_wheels(self):
        self.base.install("sample-here", "1.0")
        self.base.install("sample-other", "1.0")
        index = Index(self)
        self.assertEqual(self.add("sample-here", "sample-absent>=1", "sample-other"), "")
        self.assertEqual(self.beside, [("wheel", ["sample-absent>=1"])])
        self.assertEqual(index.calls, [("download", ["sample-here", "sample-other"])])
        noted = noted_requirements(self.target)
        self.assertEqual(noted, ["sample-here", "sample-absent>=1", "sample-other"])

    def test_builds_what_these_require_in_turn(self):
        Index(self)
        self.resolved = ["Sample_Absent", "sample-more"]
        self.add("sample-absent>=1")
        self.assertEqual(self.beside, [("wheel", ["sample-absent>=1", "sample-more==1"])])

    def test_builds_the_requirements_alone_if_pip_can_not_tell_what_they_require(self):
        Index(self)
        self.resolved = None
        text = self.add("sample-absent>=1")
        self.assertEqual(self.beside, [("wheel", ["sample-absent>=1"])])
        self.assertIn("only wheels of the requirements themselves are kept: no such option", text)

    def test_builds_what_the_base_has_if_the_index_has_no_wheel_of_it(self):
        self.base.install("sample-here", "1.0")
        self.base.install("sample-other", "1.0")
        index = Index(self, ["sample-here"])
        text = self.add("sample-here", "sample-other")
        self.assertEqual(index.calls[2:], [("wheel", ["sample-here"])])
        self.assertEqual(text, (
            "image-action: warning: no wheel of sample-here could be built: No matching distribution found for "
            "sample-here; this matters only to a base that lacks it.\n"
        ))
        self.assertEqual(self.beside, [])
