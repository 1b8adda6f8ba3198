"""Unit tests of the scripts that run in images and of those that derive the catalogue.

The scripts are imported as a step imports them (`common`, `step`, `measure`), and `derive` as
script/catalogue does.

All: python3 -B -m __tests__.python
One: python3 -B -m unittest __tests__/python/test_elf.py
"""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# The mounted folders must not contain bytecode
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "dockerfiles", "scripts"), os.path.join(ROOT, "script")]
