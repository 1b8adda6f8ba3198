"""The package index that was given as a build secret: an address, perhaps with a password in it."""

import base64
import json
import os
import re
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
    empty one). A file of constraints or requirements may name an index, too. src/system/pip.ts reads the same list.
    """
    with open(os.path.join(os.path.dirname(__file__), "given_index.json"), encoding="utf-8") as file:
        return json.load(file)


def refusal(project=None):
    """What the given package index answers for a project where it is not what an index answers: pip keeps that to itself, and says that
    there is no such version. Names only the index's host, as a path may be a token.

    project: that pip did not find; without one any may be asked for, and need not be there.
    """
    index = address()
    parts = urllib.parse.urlsplit(index or "")
    if parts.scheme not in ("http", "https"):
        return None
    userinfo, _, host = parts.netloc.rpartition("@")
    path = "%s/%s/" % (parts.path.rstrip("/"), project or "pip")
    request = urllib.request.Request(urllib.parse.urlunsplit(parts._replace(netloc=host, path=path)))
    if userinfo:
        # As pip sends it: a user alone has an empty password.
        pair = urllib.parse.unquote(userinfo if ":" in userinfo else userinfo + ":")
        token = base64.b64encode(pair.encode("utf-8")).decode("ascii")
        request.add_unredirected_header("Authorization", "Basic " + token)
    name = "the package index " + host
    try:
        with urllib.request.urlopen(request, timeout=30, context=ssl.create_default_context(cafile=trust().get("SSL_CERT_FILE"))) as answer:
            if project is None or lists_files(answer.read(LONGEST_PAGE), project):
                return None
            elsewhere = urllib.parse.urlsplit(answer.geturl()).netloc
            return "%s answers with a page that lists no file of %s%s" % (
                name, project, "" if elsewhere == host else ", after a redirect to " + elsewhere)
    except urllib.error.HTTPError as error:
        if project is None and error.code == 404:
            return None
        return "%s answers %d %s%s" % (name, error.code, error.reason, " for " + project if project else "")
    except (OSError, ValueError) as error:
        return "%s can't be reached: %s" % (name, getattr(error, "reason", error))


# Bytes. Pages of projects with thousands of files have a few megabytes.
LONGEST_PAGE = 64 * 1024 * 1024


def lists_files(page, project):
    """Whether a page of an index, HTML or JSON, names a file of a project."""
    name = re.sub(r"[-_.]+", "[-_.]+", project).encode("utf-8")
    return re.search(rb"(?i)\b" + name + rb"-\d[^\s\"'<>]*\.(?:whl|tar\.gz|zip)\b", page) is not None
