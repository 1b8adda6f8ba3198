import ast
import time
import unittest

from common.source import LONGEST_BYTES, Unreadable, parsed
from measure.floors import floors, might_have


def found(text):
    """Package, bound and version of each floor in a source, which the quick look must not pass
    over.
    """
    given = [(package, bound + version) for package, bound, version, _, _ in floors(ast.parse(text))]
    if given and not might_have(text.encode()):
        raise AssertionError("the quick look passes over " + text)
    return given


NIXL = [("nixl", ">=1.5.0")]
AFTER = [("nixl", ">1.4.9")]

FLOORS = {
    'check_nixl_version("1.5.0")': NIXL,
    'utils.check_nixl_version("1.5.0")': NIXL,
    '_check_nixl_version(min_version="1.5.0")': NIXL,
    'ensure_min_nixl_version("1.5.0")': NIXL,
    'requireNixlVersion("1.5.0")': NIXL,
    'class C:\n    def __init__(self):\n        check_nixl_version("1.5.0")': NIXL,
    'async def f():\n    await check_nixl_version("1.5.0")': NIXL,
    'MIN = "1.5.0"\ndef f():\n    check_nixl_version(MIN)': NIXL,
    'MIN: str = "1.5.0"\ncheck_nixl_version(MIN)': NIXL,
    'assert_pkg_version("nixl", "1.5.0", "install it again")': NIXL,
    'assert_pkg_version(pkg="nixl", min_version="1.5.0", message="install it again")': NIXL,
    'require_version("nixl>=1.5.0")\nfrom importlib.metadata import version': NIXL,
    'require_version("nixl[cu13] >= 1.5.0", "why")': NIXL,
    'if Version(version("nixl")) < Version("1.5.0"):\n    raise RuntimeError': NIXL,
    'if Version("1.5.0") > Version(version("nixl")):\n    raise RuntimeError': NIXL,
    'if not Version(importlib.metadata.version("nixl")) >= Version("1.5.0"):\n    raise E': NIXL,
    'if version.parse(nixl.__version__) < version.parse("1.5.0"):\n    raise ImportError': NIXL,
    'v = metadata.version("nixl")\nv = parse(v)\nif v < parse("1.5.0"):\n    sys.exit("too old")': NIXL,
    'v = Version(metadata.version("nixl"))\nif v.release < (1, 5, 0):\n    raise E': NIXL,
    'if v is None or Version(version("nixl")) < Version("1.5.0"):\n    raise E': NIXL,
    'if Version(version("nixl")) >= Version("1.5.0"):\n    pass\nelse:\n    raise E': NIXL,
    'assert Version(version("nixl")) >= Version("1.5.0"), "too old"': NIXL,
    'if parse_version(pkg_resources.get_distribution("nixl").version) < parse_version("1.5.0"):\n    raise E': NIXL,
    'try:\n    check_nixl_version("1.5.0")\nexcept PackageNotFoundError:\n    pass': NIXL,
    'try:\n    check_nixl_version("1.5.0")\nexcept Exception as e:\n    raise ImportError from e': NIXL,
    'check_nixl_version_at_least("1.5.0")': NIXL,
    '_check_version_at_least("nixl", "1.5.0")': NIXL,
    'require_nixl_version(">=1.5.0")': NIXL,
    'def f():\n    check_nixl_version(MIN)\nMIN = "1.5.0"': NIXL,
    'class C:\n    MIN = "1.5.0"\n    def f(self):\n        check_nixl_version(self.MIN)': NIXL,
    'if version("nixl") not in SpecifierSet(">=1.5.0,<2"):\n    raise E': NIXL,
    'if not SpecifierSet(">=1.5.0").contains(version("nixl")):\n    raise E': NIXL,
    'v = Version(version("nixl"))\nif (v.major, v.minor, v.micro) < (1, 5, 0):\n    raise E': NIXL,
    'if tuple(int(part) for part in nixl.__version__.split(".")) < (1, 5, 0):\n    raise E': NIXL,
    'if (v := Version(version("nixl"))) < Version("1.5.0"):\n    raise E': NIXL,
    'assert Version("1.5.0") <= Version(version("nixl")) < Version("2")': NIXL,
    'try:\n    v = version("nixl")\nexcept PackageNotFoundError:\n    v = None\n'
    'if v is None or Version(v) < Version("1.5.0"):\n    raise E': NIXL,
    'for x in y:\n    with z:\n        check_nixl_version("1.5.0")': NIXL,
    'if is_cuda():\n    check_nixl_version("1.5.0")': NIXL,
    'from importlib.metadata import version as of\nif Version(of("nixl")) < Version("1.5.0"):\n    raise E': NIXL,
    'from nixl import __version__ as nixl_version\nif Version(nixl_version) < Version("1.5.0"):\n    raise E': NIXL,
    'def f():\n    "why"\n    return version("nixl")\nif Version(f()) < Version("1.5.0"):\n    raise E': NIXL,
    'def g():\n    if Version(f()) < Version("1.5.0"):\n        raise E\ndef f():\n    return version("nixl")': NIXL,
    'def f():\n    if Version(version("nixl")) >= Version("1.5.0"):\n        return\n    raise E': NIXL,
    'good = Version(version("nixl")) >= Version("1.5.0")\nif not good:\n    raise E': NIXL,
    'require_version("nixl<2,>=1.5.0")': NIXL,
    'require_version("nixl!=1.4,>=1.5.0,<2")': NIXL,
    'S = SpecifierSet(">=1.5.0")\nif version("nixl") not in S:\n    raise E': NIXL,
    'S = SpecifierSet("<2,>=1.5.0")\nif not S.contains(version("nixl")):\n    raise E': NIXL,
    'if torch.version.hip is None:\n    check_nixl_version("1.5.0")': NIXL,
    'if device != "rocm":\n    check_nixl_version("1.5.0")': NIXL,
    'if not is_rocm():\n    check_nixl_version("1.5.0")': NIXL,
    'least = "0.1.0" if current_platform.is_rocm() else "1.5.0"\ncheck_nixl_version(least)': NIXL,
    'if Version(version("nixl")) <= Version("1.4.9"):\n    raise E': AFTER,
    'if not Version(version("nixl")) > Version("1.4.9"):\n    raise E': AFTER,
    "if a:\n    pass\n" + "elif a:\n    pass\n" * 2000 + 'elif b:\n    check_nixl_version("1.5.0")': NIXL,
}

NO_FLOORS = (
    'if not current_platform.is_cuda():\n    check_nixl_version("1.5.0")',
    'if device == "rocm":\n    check_nixl_version("1.5.0")',
    'if sys.platform == "darwin":\n    check_nixl_version("1.5.0")',
    'if torch.version.hip:\n    check_nixl_version("1.5.0")',
    'if torch.version.hip is not None:\n    check_nixl_version("1.5.0")',
    'if __name__ == "__main__":\n    check_nixl_version("1.5.0")',
    'with contextlib.suppress(Exception):\n    check_nixl_version("1.5.0")',
    'def f():\n    if Version(version("nixl")) < Version("1.5.0"):\n        return\n    raise TooNew',
    'S = SpecifierSet("<2")\nif version("nixl") not in S:\n    raise TooNew',
    'require_version("nixl<2")',
    'if Version("1.0") < Version(version("nixl")) < Version("1.5.0"):\n    raise E',
    'if version("nixl") in SpecifierSet(">=1.5.0"):\n    raise TooNew',
    'if a in SpecifierSet():\n    raise E',
    'if () < (1, 5, 0):\n    raise E',
    'if Version(version("nixl")) < Version("1.5.0"):\n    old = True',
    'if Version(version("nixl")) > Version("1.5.0"):\n    raise TooNew',
    'if Version(version("nixl")) != Version("1.5.0"):\n    raise Another',
    'old = check_nixl_version("1.5.0")',
    'if check_nixl_version("1.5.0"):\n    pass',
    'if check_pkg_version_at_least("nixl", "1.5.0"):\n    pass',
    'def check_nixl_version(min_version):\n    if Version(version("nixl")) < Version(min_version):\n        raise E',
    'self.check_version("5.0.0", "encoder models")',
    'check_nixl_version(least())',
    'try:\n    check_nixl_version("1.5.0")\nexcept Exception:\n    pass',
    'try:\n    check_nixl_version("1.5.0")\nexcept (RuntimeError, PackageNotFoundError):\n    log()',
    'if False:\n    check_nixl_version("1.5.0")',
    'if 0:\n    check_nixl_version("1.5.0")',
    'if TYPE_CHECKING:\n    check_nixl_version("1.5.0")',
    'if current_platform.is_rocm():\n    check_nixl_version("1.5.0")',
    'if True:\n    pass\nelse:\n    check_nixl_version("1.5.0")',
    'if a and is_hip():\n    check_nixl_version("1.5.0")',
    '"check_nixl_version(\\"1.5.0\\")"',
    '# check_nixl_version("1.5.0")',
    "v = v\nif v < v:\n    raise E",
    "",
)


class FloorsTest(unittest.TestCase):
    def test_are_found_in_every_spelling(self):
        for text, expected in FLOORS.items():
            with self.subTest(text[:200]):
                self.assertEqual(found(text), expected)

    def test_are_not_what_chooses_a_way_or_never_happens(self):
        for text in NO_FLOORS:
            with self.subTest(text):
                self.assertEqual(found(text), [])

    def test_have_the_line_and_the_form(self):
        text = 'import x\n\ncheck_nixl_version("1.5.0")\nif Version(version("a")) < Version("2.0"):\n    raise E'
        self.assertEqual(
            [(line, form) for _, _, _, line, form in floors(ast.parse(text))], [(3, "call"), (4, "comparison")]
        )


class ParsedTest(unittest.TestCase):
    def test_says_why_a_source_can_not_be_read(self):
        for text, why in (
            (b"def f(:", "line 1"),
            (b"\xff\xfe = 1", ""),
            (b"x = '\xe4'", ""),
            (b"# coding: nonsense\nx = 1", ""),
            (b"\0", ""),
            (b"(" * 5000 + b")" * 5000, ""),
            (b"x = " + b"-" * 100000 + b"1", ""),
            (b"#" * (LONGEST_BYTES + 1), "longer than 4 MB"),
        ):
            with self.subTest(text[:20]), self.assertRaisesRegex(Unreadable, why):
                parsed(text)

    def test_reads_other_encodings_that_say_so(self):
        self.assertEqual(len(parsed("# coding: latin-1\nx = 'ä'".encode("latin-1")).body), 1)


class HostileTest(unittest.TestCase):
    def test_does_not_take_long(self):
        start = time.monotonic()
        for text in (
            b'version "a[' * 300_000,
            b'version("1.1' + b".1" * 1_500_000 + b'!")',
            b"version(" + b" " * 3_000_000,
            b"__version__" + b"( 1 " * 700_000,
            b'version = "' + b"a" * 3_000_000 + b'"',
        ):
            might_have(text)
        names = "".join(f'a{n} = version("a")\na{n} = parse(a{n})\n' for n in range(10_000))
        long = 'check_nixl_version("1.1%s!")\n' % (".1" * 100_000)
        self.assertEqual(found(names + long + 'if a7 < parse("1.5"):\n    raise E'), [("a", ">=1.5")])
        self.assertLess(time.monotonic() - start, 20)
