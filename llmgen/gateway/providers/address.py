"""A row's address and key: the base URL made whole, the identity that goes into request keys, the headers."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from llmgen.config import ProviderRow, secret
from llmgen.errors import ConfigError
from llmgen.redact import redact
from llmgen.types import Struct


class Address(Struct, frozen=True):
    """Where requests of one provider go.

    `base` has no trailing slash; `query` is appended to every URL (Azure's `api-version`). `{model}` in
    the base stands for the model's name (Azure's older form). `identity` is row and normalised URL:
    lower-case host, no trailing slash, no query, never a key.
    """

    base: str
    query: str
    identity: str

    def url(self, path: str, model: str = "") -> str:
        """The full URL of `path` (with a leading slash)."""
        return self.base.replace("{model}", model) + path + self.query


def address(name: str, row: ProviderRow, options: dict[str, Any]) -> Address:
    """The address of row `name`; `options["base_url"]` wins over the row. Raises ConfigError."""
    raw = str(options.get("base_url") or row.base_url)
    mend = f'set base_url = "https://..." under [providers.{name}] in llmgen.toml, or use --base-url'
    if not raw:
        raise ConfigError(f"provider {name!r} has no base URL", hint=mend)
    if "{resource}" in raw:
        resource = os.environ.get("AZURE_OPENAI_RESOURCE", "").strip()
        if not resource:
            raise ConfigError("AZURE_OPENAI_RESOURCE is not set (the name in your endpoint)", hint=mend)
        raw = raw.replace("{resource}", resource)
    parts = urlsplit(raw)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError(f"base URL {redact(raw)!r} of {name!r} is not http(s)://host", hint=mend)
    if "@" in parts.netloc:
        raise ConfigError(
            f"the base URL of {name!r} carries a user name or password",
            hint=f"name the variable that holds the key as key_env under [providers.{name}]",
        )
    base = urlunsplit((parts.scheme, parts.netloc.lower(), parts.path.rstrip("/"), "", ""))
    query = f"?{parts.query}" if parts.query else ""
    return Address(base=base, query=query, identity=str(options.get("endpoint") or f"{name}:{base}"))


def missing_key(row: ProviderRow) -> str | None:
    """The name of the environment variable that has to hold the key and does not, None when all is well."""
    if row.auth == "none" or row.local or secret(row.key_env):
        return None
    return row.key_env


def key_for(name: str, row: ProviderRow, options: dict[str, Any]) -> str | None:
    """The key of row `name`: of a managed server from `options`, else from the environment.

    The redactor learns it. Raises ConfigError when it is required and missing, or cannot be a header.
    """
    key = str(options.get("api_key") or secret(row.key_env) or "")
    if row.auth == "none" or not key:
        if missing := missing_key(row):
            raise ConfigError(f"{name}: {missing} is not set", hint=f"export {missing}=...")
        return None
    redact.learn(key)
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ConfigError(f"{name}: {row.key_env} holds characters that no key has (space, line end, ...)")
    return key


def headers_for(row: ProviderRow, key: str | None) -> dict[str, str]:
    """The headers of every request: JSON, the row's own, and the key in the one header it belongs in."""
    headers = {"Content-Type": "application/json", **row.extra_headers}
    if key and row.auth == "bearer":
        headers["Authorization"] = f"Bearer {key}"
    elif key and row.auth == "api-key":
        headers["api-key"] = key
    return headers
