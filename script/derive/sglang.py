"""What the wheel of a published SGLang says."""

from . import requirements

BACKEND = "sglang/srt/mem_cache/storage/aibrix_kvcache/aibrix_kvcache_storage.py"
# What was the extra of the server up to 0.5.2
OF_SERVER = "srt"
TORCH = "the sglang package requires it"


def read(index, files):
    """Field → (value, source) of a version. files: those of the version on the index."""
    torch = requirements.pinned(requirements.of_metadata(index.metadata(wheel_of(files)), OF_SERVER), "torch")
    return {"torch": (torch, TORCH)} if torch else {}


def wheel_of(files):
    return min((file for file in files if file.tags), key=lambda file: file.link.filename)


def has_backend(index, files):
    """Whether it has AIBrix' storage backend."""
    with index.wheel(wheel_of(files)) as wheel:
        return BACKEND in wheel.namelist()
