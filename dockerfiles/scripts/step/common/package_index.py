"""The package index that was given as a build secret: an address, perhaps with a password in it."""

import base64
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
    index = address()
    return {} if index is None else {"PIP_INDEX_URL": index, "UV_INDEX_URL": index}


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
