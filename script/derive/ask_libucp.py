"""Prints what the libucp of a wheel that was unpacked into a folder says of its version; the libraries that it needs are beside it."""

import ctypes
import glob
import sys

libucp = ctypes.CDLL(glob.glob(sys.argv[1] + "/*.libs/libucp-*.so*")[0])
libucp.ucp_get_version_string.restype = ctypes.c_char_p
print(libucp.ucp_get_version_string().decode())
