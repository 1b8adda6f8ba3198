import unittest

from pip._vendor.packaging.version import Version

from derive import bases, ranges, written


def values(**said):
    """`v0_9_0={"torch": "2.7.0"}` → the input of ranges.rows"""
    return {
        Version(name[1:].replace("_", ".")): {field: (value, "package") for field, value in fields.items()}
        for name, fields in said.items()
    }


class RangesTest(unittest.TestCase):
    said = values(
        v0_9_0={"torch": "2.7.0", "cuda": "12.8"},
        v0_9_0_1={"torch": "2.7.0"},
        v0_9_2={"torch": "2.7.0", "cuda": "12.8"},
        v0_10_0={"torch": "2.7.1", "cuda": "12.8"},
    )
    expected = [
        {"versions": ">=0.9.0,<=0.9.2", "torch": "2.7.0", "source": "package"},
        {"versions": "==0.10.0", "torch": "2.7.1", "source": "package"},
        {"versions": "==0.9.0", "cuda": "12.8", "source": "package"},
        {"versions": ">=0.9.2,<=0.10.0", "cuda": "12.8", "source": "package"},
    ]

    def test_span_consecutive_versions_that_say_the_same(self):
        self.assertEqual(ranges.rows(self.said), self.expected)
        self.assertEqual(ranges.rows({}), [])

    def test_give_what_each_version_says_back(self):
        self.assertEqual(ranges.known(self.expected, self.said, "torch"), self.said)

    def test_keep_versions_that_an_index_no_longer_has_as_far_as_they_are_named(self):
        found = ranges.known(self.expected, [Version("0.10.0"), Version("0.11.0")], "torch")
        self.assertEqual(sorted(map(str, found)), ["0.10.0", "0.9.0", "0.9.2"])

    def test_leave_out_what_was_not_read(self):
        rows = [{"versions": "==0.9.0", "cuda": "12.8", "source": "x"}]
        self.assertEqual(ranges.known(rows, [Version("0.9.0")], "torch"), {})


class ByHandTest(unittest.TestCase):
    hand = [{"versions": "==0.9.0", "torch": "2.8", "source": "its documentation"}]

    def test_wins_over_what_is_published_and_the_difference_is_reported(self):
        told = []
        left = bases.without_hand_written(
            values(v0_9_0={"torch": "2.7.0", "cuda": "12.8"}, v0_9_1={"torch": "2.7.0"}), "vllm", self.hand, told.append
        )
        self.assertEqual(left, values(v0_9_0={"cuda": "12.8"}, v0_9_1={"torch": "2.7.0"}))
        self.assertEqual(
            told, ["vllm 0.9.0: torch is 2.8 by hand (its documentation), and 2.7.0 by what is published (package)"]
        )


class WrittenTest(unittest.TestCase):
    def test_is_formatted_as_prettier_does(self):
        row = {"versions": "==0.9.0", "torch": "2.8", "source": "x" * 40}
        value = {
            "format": 3,
            "bases": {"vllm": [row, {**row, "source": "x" * 60}], "sglang": []},
            "nixl": {"0.7.1": {"cuda": ["12", "13"]}},
        }
        self.assertEqual(written.text_of(value), """{{
  "format": 3,
  "bases": {{
    "vllm": [
      {{ "versions": "==0.9.0", "torch": "2.8", "source": "{}" }},
      {{
        "versions": "==0.9.0",
        "torch": "2.8",
        "source": "{}"
      }}
    ],
    "sglang": []
  }},
  "nixl": {{
    "0.7.1": {{ "cuda": ["12", "13"] }}
  }}
}}""".format("x" * 40, "x" * 60))
