"""Stand-in for the cache's second level in a shared file system: a file for each block."""

import os


class SHFSConnector:
    def __init__(self, root):
        self._root = os.path.expanduser(root)
        os.makedirs(self._root, exist_ok=True)

    def _path(self, key):
        return os.path.join(self._root, key.hex())

    def put(self, key, region):
        with open(self._path(key), "wb") as file:
            file.write(region.tobytes())

    def get(self, key, region):
        if not os.path.exists(self._path(key)):
            return False
        with open(self._path(key), "rb") as file:
            region.fill(file.read())
        return True
