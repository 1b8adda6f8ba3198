"""What a build may be given: the secrets package-index and git-credentials, and certificates."""

from __future__ import annotations

import glob
import os

DIRECTORY = "/run/secrets"
CERTIFICATES = "/run/certificates"
BUNDLE = "/tmp/ca-certificates.pem"

SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)

CERTIFICATE_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")


def secret(name: str) -> str | None:
    """Path of a build secret, or None."""
    path = os.path.join(DIRECTORY, name)
    return path if os.path.isfile(path) else None


def trust() -> dict[str, str]:
    """Variables that make pip, git and curl trust the given certificates and the system's own."""
    given = sorted(path for ending in ("pem", "crt") for path in glob.glob(f"{CERTIFICATES}/*.{ending}"))
    if not given:
        return {}
    system = next((bundle for bundle in SYSTEM_BUNDLES if os.path.isfile(bundle)), None)
    texts = []
    for path in [*([system] if system else []), *given]:
        with open(path, encoding="utf-8", errors="replace") as file:
            texts.append(file.read())
    with open(BUNDLE, "w", encoding="utf-8") as file:
        file.write("\n".join(texts))
    return {name: BUNDLE for name in CERTIFICATE_VARIABLES}
