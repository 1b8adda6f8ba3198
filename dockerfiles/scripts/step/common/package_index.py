"""The package index that was given as a build secret: an address, perhaps with a password in it."""

import base64
import json
import os
import ssl
import urllib.error
import urllib.parse
import urllib.request

from .secrets_given import secret, trust


def address():
    """The package index's address, perhaps with a password in it, or None."""
    path = secret("package-index")
    if path is None:
        return None
    with open(path, encoding="utf-8") as file:
        return file.read().strip() or None


def canaries():
    """Texts that no log may show."""
    index = address()
    if index is None:
        return []
    parts = urllib.parse.urlsplit(index)
    if "@" not in parts.netloc:
        return []
    userinfo = parts.netloc.rsplit("@", 1)[0]
    password = userinfo.partition(":")[2]
    found = [userinfo, urllib.parse.unquote(userinfo), password, urllib.parse.unquote(password)]
    return sorted({text for text in found if len(text) > 3}, key=len, reverse=True)


def settings():
    """Environment variables by which pip and uv ask the given index, and nothing else; none where no index was given."""
    index = address()
    return {} if index is None else dict(alone(), PIP_INDEX_URL=index, UV_INDEX_URL=index, UV_DEFAULT_INDEX=index)


def nowhere():
    """Environment variables by which pip finds only what its arguments name."""
    return dict(alone(), PIP_NO_INDEX="1")


def alone():
    """Variables that take away whatever else a base has set as a source of packages, in its environment or its files; None removes one.

    For pip a variable outranks its files, and one that is a blank is a list of nothing (pip's ConfigOptionParser passes over an
    empty one). A file of constraints or requirements may name an index, too. src/edge/pip.ts reads the same list.
    """
    with open(os.path.join(os.path.dirname(__file__), "given_index.json"), encoding="utf-8") as file:
        return json.load(file)


def refusal():
    """What the given package index answers, if it is no success: pip without a terminal keeps a wrong password to itself."""
    index = address()
    parts = urllib.parse.urlsplit(index or "")
    if parts.scheme not in ("http", "https"):
        return None
    userinfo, _, host = parts.netloc.rpartition("@")
    request = urllib.request.Request(urllib.parse.urlunsplit(parts._replace(netloc=host, path=parts.path.rstrip("/") + "/pip/")))
    if userinfo:
        token = base64.b64encode(urllib.parse.unquote(userinfo).encode("utf-8")).decode("ascii")
        request.add_unredirected_header("Authorization", "Basic " + token)
    try:
        with urllib.request.urlopen(request, timeout=30, context=ssl.create_default_context(cafile=trust().get("SSL_CERT_FILE"))):
            return None
    except urllib.error.HTTPError as error:
        return None if error.code == 404 else "the package index answers %d %s" % (error.code, error.reason)
    except (OSError, ValueError) as error:
        return "the package index can't be reached: %s" % getattr(error, "reason", error)
