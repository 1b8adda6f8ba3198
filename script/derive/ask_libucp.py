"""Prints the version that the libucp of an unpacked wheel reports.

Its dependencies are beside it.
"""

import ctypes
import glob
import sys

libucp = ctypes.CDLL(glob.glob(f"{sys.argv[1]}/*.libs/libucp-*.so*")[0])
libucp.ucp_get_version_string.restype = ctypes.c_char_p
print(libucp.ucp_get_version_string().decode())
