"""The package index given as a build secret: an address, perhaps with a password in it."""

from __future__ import annotations

import base64
import json
import os
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request

from .build_secrets import secret, trust

# Bytes. Pages of projects with thousands of files have a few megabytes.
LONGEST_PAGE = 64 * 1024 * 1024


def address() -> str | None:
    """The package index's address, perhaps with a password in it, or None."""
    path = secret("package-index")
    if path is None:
        return None
    with open(path, encoding="utf-8") as file:
        return file.read().strip() or None


def secret_texts() -> list[str]:
    """Texts that no log may show, the longest first."""
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


def settings() -> dict[str, str | None]:
    """Variables that make pip and uv use the given index alone; empty without one."""
    index = address()
    if index is None:
        return {}
    return {**no_other_source(), "PIP_INDEX_URL": index, "UV_INDEX_URL": index, "UV_DEFAULT_INDEX": index}


def no_index() -> dict[str, str | None]:
    """Environment variables that make pip find only what its arguments name."""
    return {**no_other_source(), "PIP_NO_INDEX": "1"}


def no_other_source() -> dict[str, str | None]:
    """Variables that override every other source of packages; None removes one.

    A base may set sources in its environment and its files. For pip a variable outranks its files,
    and a blank one is an empty list (pip's ConfigOptionParser skips an empty one). A file of
    constraints or requirements may name an index, too. src/system/pip.ts reads the same list.
    """
    with open(os.path.join(os.path.dirname(__file__), "given_index.json"), encoding="utf-8") as file:
        return json.load(file)


def refusal(project: str | None = None) -> str | None:
    """What the given index returns for a project if that is no proper answer, else None.

    pip hides such an answer and reports that the version does not exist. Only the index's host is
    named, since a path may be a token. project: one that pip did not find; without it any project
    is requested, and need not exist.
    """
    index = address()
    parts = urllib.parse.urlsplit(index or "")
    if parts.scheme not in ("http", "https"):
        return None
    host = parts.netloc.rpartition("@")[2]
    name = f"the package index {host}"
    context = ssl.create_default_context(cafile=trust().get("SSL_CERT_FILE"))
    try:
        with urllib.request.urlopen(request_for(parts, project), timeout=30, context=context) as answer:
            if project is None or lists_files(answer.read(LONGEST_PAGE), project):
                return None
            elsewhere = urllib.parse.urlsplit(answer.geturl()).netloc
            redirect = "" if elsewhere == host else f", after a redirect to {elsewhere}"
            return f"{name} answers with a page that lists no file of {project}{redirect}"
    except urllib.error.HTTPError as error:
        if project is None and error.code == 404:
            return None
        return f"{name} answers {error.code} {error.reason}{f' for {project}' if project else ''}"
    except (OSError, ValueError) as error:
        return f"{name} can't be reached: {getattr(error, 'reason', error)}"


def request_for(parts: urllib.parse.SplitResult, project: str | None) -> urllib.request.Request:
    """The request for a project's page, with credentials as pip sends them."""
    userinfo, _, host = parts.netloc.rpartition("@")
    path = f"{parts.path.rstrip('/')}/{project or 'pip'}/"
    request = urllib.request.Request(urllib.parse.urlunsplit(parts._replace(netloc=host, path=path)))
    if userinfo:
        # As in pip, a user alone has an empty password.
        pair = urllib.parse.unquote(userinfo if ":" in userinfo else f"{userinfo}:")
        token = base64.b64encode(pair.encode("utf-8")).decode("ascii")
        request.add_unredirected_header("Authorization", f"Basic {token}")
    return request


def lists_files(page: bytes, project: str) -> bool:
    """Whether a page of an index, HTML or JSON, names a file of a project."""
    name = re.sub(r"[-_.]+", "[-_.]+", project).encode("utf-8")
    return re.search(rb"(?i)\b" + name + rb"-\d[^\s\"'<>]*\.(?:whl|tar\.gz|zip)\b", page) is not None
