"""Stand-in for the part of setuptools that packs what lies in its build folder.

usage: setup.py -q build_py bdist_wheel --skip-build --dist-dir FOLDER
The build folder is the option build_lib in the file that DIST_EXTRA_CONFIG names.
"""

import argparse
import configparser
import os

import stand_in_backend

arguments = argparse.ArgumentParser()
arguments.add_argument("commands", nargs="+", choices=["build_py", "bdist_wheel"])
arguments.add_argument("-q", action="store_true")
arguments.add_argument("--skip-build", action="store_true", required=True)
arguments.add_argument("--dist-dir", required=True)
given = arguments.parse_args()
configuration = configparser.ConfigParser()
configuration.read(os.environ["DIST_EXTRA_CONFIG"])
stand_in_backend.pack(given.dist_dir, configuration["build"]["build_lib"])
