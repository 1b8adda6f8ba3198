"""Unit tests of the scripts that run inside of images, which they find as a step does (`step`,
`measure`), and of what script/catalogue is made of (`derive`).

All: python3 -B -m __tests__.python
One: python3 -B -m unittest __tests__/python/test_elf.py
"""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# What is mounted into a build has no place for bytecode
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "dockerfiles", "scripts"), os.path.join(ROOT, "script")]
