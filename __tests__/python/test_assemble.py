"""A wheel of one commit with the compiled files of another."""

import json
import os
import sys
import unittest
import zipfile
from unittest import mock

from step.wheel import assemble, build_wheel
from step.wheel.project import Project

from .support import folder, write
