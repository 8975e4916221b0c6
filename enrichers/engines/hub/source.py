"""Where a model comes from: a folder of one's own, or a repository of the hub at a pinned revision."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import MissingDependency, SettingsError

WEIGHTS = ("*.safetensors", "*.json", "*.txt", "*.model", "*.spm", "tokenizer*", "1_Pooling/*")
"""What is downloaded: no code, and no weights in a format that can hold code, where there is a choice."""
_REVISION = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Source:
    """`name` is a repository ("owner/model") or a folder; `revision` is a commit of the repository, 40 hex digits."""

    name: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str) -> Source:
        """Of "owner/model@revision" or a folder's path; raises SettingsError where a repository has no revision."""
        if Path(text).is_dir():
            return cls(text)
        name, _, revision = text.partition("@")
        if not _REVISION.fullmatch(revision) or name.count("/") != 1:
            raise SettingsError(
                f"the model {text} is no folder here: write owner/model@commit, the commit in full (40 hex digits), "
                "so that every worker has the same model"
            )
        return cls(name, revision)

    @property
    def version(self) -> str:
        """What provenance says: the name, and the beginning of the revision."""
        name = Path(self.name).name
        return f"{name}@{self.revision[:8]}" if self.revision else name


def fetch(source: Source, patterns: tuple[str, ...] = WEIGHTS) -> Path:
    """The model's folder, downloaded with a progress bar where it is not here yet.

    Raises MissingDependency, which says what to do on a closed network.
    """
    if source.revision is None:
        return Path(source.name)
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError:
        raise missing_extra() from None
    try:
        return Path(
            snapshot_download(source.name, revision=source.revision, allow_patterns=list(patterns), etag_timeout=10)
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise MissingDependency(
            f"the model {source.name} is not here and cannot be downloaded ({type(error).__name__}). Without a "
            "network: copy its folder from elsewhere and name it in the setting, or use VOCERO_MODELS=local"
        ) from None


def missing_extra() -> MissingDependency:
    """What to say where the extra is not installed."""
    return MissingDependency("models = hub needs the extra `hub`: pip install 'vocero[hub]'")
