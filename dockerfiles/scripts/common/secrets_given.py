"""The optional build secrets ca-certificates, package-index, git-credentials. None of them has to be there."""

import os

DIRECTORY = "/run/secrets"
BUNDLE = "/tmp/ca-certificates.pem"

SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)

CERTIFICATE_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")


def secret(name):
    """Path of a build secret, or None."""
    path = os.path.join(DIRECTORY, name)
    return path if os.path.isfile(path) else None


def trust():
    """Environment variables that make pip, git and curl trust the given certificates besides the system's own."""
    given = secret("ca-certificates")
    if given is None:
        return {}
    texts = []
    for path in [next((b for b in SYSTEM_BUNDLES if os.path.isfile(b)), None), given]:
        if path:
            with open(path, encoding="utf-8", errors="replace") as file:
                texts.append(file.read())
    with open(BUNDLE, "w", encoding="utf-8") as file:
        file.write("\n".join(texts))
    return {name: BUNDLE for name in CERTIFICATE_VARIABLES}
