import os
import unittest
import zipfile

from common.requirements import build_requirements, parse, present, read_toml, runtime_requirements, split_by_installed

from ..support.image_python import SitePackages, folder, python_answers, write


class RequirementsTest(unittest.TestCase):
    def setUp(self):
        python_answers(self, None)
        self.base = SitePackages(self)


class SplitByInstalledTest(RequirementsTest):
    def test_leaves_alone_what_the_base_has_at_a_version_that_fits(self):
        self.base.install("Sample.Redis", "5.2.1")
        self.assertEqual(split_by_installed(["sample-redis>=5", "sample_redis", "SAMPLE.REDIS==5.2.*"]), ([], []))

    def test_names_what_the_base_lacks_without_its_marker(self):
        texts = ["sample-absent[fast]>=1,<3; python_version >= '3'", "sample-other"]
        missing, unmet = split_by_installed(texts)
        self.assertEqual([text.replace(" ", "") for text in missing], ["sample-absent[fast]<3,>=1", "sample-other"])
        self.assertEqual(unmet, [])

    def test_reports_what_the_base_has_at_another_version(self):
        self.base.install("sample-redis", "6.1")
        missing, unmet = split_by_installed(["sample-redis==6.0.0 ; python_version >= '3'", "sample-redis<7"])
        self.assertEqual((missing, unmet), ([], ["sample-redis==6.0.0 (the base has 6.1)"]))

    def test_takes_pre_releases_and_local_parts_of_the_base_as_they_are(self):
        self.base.install("sample-torch", "2.11.0+cu130")
        self.base.install("sample-wheel", "0.46.0rc1")
        self.assertEqual(split_by_installed(["sample-torch==2.11.0", "sample-wheel>=0.45"]), ([], []))

    def test_skips_what_is_for_another_python_or_an_extra(self):
        self.assertEqual(
            split_by_installed(["sample-absent; python_version < '3'", "sample-absent; extra == 'test'"]), ([], [])
        )

    def test_never_asks_for_a_package_that_would_shadow_python_itself(self):
        self.assertEqual(split_by_installed(["asyncio", "AsyncIO>=3"]), ([], []))


class PresentTest(RequirementsTest):
    def test_keeps_what_is_not_missing_without_markers(self):
        texts = ["sample-redis==6.0.0; python_version >= '3'", "sample-absent>=1", "sample-other; python_version < '3'"]
        self.assertEqual(present(texts, ["sample-absent>=1"]), ["sample-redis==6.0.0"])

    def test_leaves_out_torch_and_what_would_shadow_python_itself(self):
        self.assertEqual(present(["Torch>=2.7", "asyncio", "sample-redis"], []), ["sample-redis"])


class ParseTest(RequirementsTest):
    def test_reads_name_extras_and_versions(self):
        found = parse("Sample_Redis[hiredis] >=5")
        self.assertEqual((found.name, found.extras, str(found.specifier)), ("Sample_Redis", {"hiredis"}, ">=5"))

    def test_is_none_if_the_marker_says_no(self):
        self.assertIsNone(parse("sample; python_version < '3'"))
        self.assertIsNone(parse("sample; extra == 'test'"))
        self.assertIsNotNone(parse("sample; extra != 'test'"))


class BuildRequirementsTest(RequirementsTest):
    def of(self, text, **more):
        return build_requirements(write(os.path.join(folder(self), "pyproject.toml"), text), **more)

    def test_are_those_of_the_project_but_torch(self):
        text = (
            '[build-system]\n'
            'requires = ["setuptools>=77.0.3,<80", "Torch==2.7.0", "ninja; python_version < \'3\'", "cmake"]'
        )
        self.assertEqual(self.of(text), ["setuptools>=77.0.3,<80", "cmake"])

    def test_leave_to_the_base_what_it_has(self):
        text = '[build-system]\nrequires = ["Sample.Numpy>=2", "cmake"]'
        self.assertEqual(self.of(text, of_the_base=("sample-numpy",)), ["Sample.Numpy>=2", "cmake"])
        self.base.install("sample_numpy", "1.26")
        self.assertEqual(self.of(text, of_the_base=("sample-numpy",)), ["cmake"])
        self.assertEqual(self.of(text, of_the_base=()), ["Sample.Numpy>=2", "cmake"])

    def test_are_those_of_pep_518_if_the_project_names_none(self):
        self.assertEqual(self.of('[project]\nname = "sample"'), ["setuptools", "wheel"])
        self.assertEqual(self.of("[build-system]\nrequires = []"), [])

    def test_come_from_a_file_that_any_python_can_read(self):
        path = write(os.path.join(folder(self), "pyproject.toml"), '[a]\nb = ["ü"]')
        self.assertEqual(read_toml(path), {"a": {"b": ["ü"]}})


class RuntimeRequirementsTest(unittest.TestCase):
    def of(self, metadata):
        path = os.path.join(folder(self), "sample-1.0-py3-none-any.whl")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("sample/__init__.py", "Requires-Dist: wrong")
            archive.writestr("sample-1.0.dist-info/METADATA", metadata)
        return runtime_requirements(path)

    def test_are_the_lines_of_the_wheel_without_those_of_extras(self):
        self.assertEqual(self.of(
            "Metadata-Version: 2.1\nName: sample\nRequires-Dist: redis==6.0.0\n"
            "Requires-Dist: netifaces; python_version >= '3'\nRequires-Dist: pytest; extra == 'test'\n"
            "Requires-Dist: ruff; extra=='lint'\n\nRequires-Dist: of the description\n",
        ), ["redis==6.0.0", "netifaces; python_version >= '3'"])

    def test_are_none_if_the_wheel_has_none(self):
        self.assertEqual(self.of("Metadata-Version: 2.1\nName: sample\n"), [])
