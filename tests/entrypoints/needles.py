"""What must not stand in any log, collected from what was really sent and answered.

Everything a caller sends counts as personal unless its name is listed as an id or a code; so a new
field of a form is searched for without anybody thinking of it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import yaml

from infra.local.settings import ROOT

# Names of fields whose values are ids, codes or figures of the system's own.
PLAIN: Final = frozenset(
    {
        "account",
        "action",
        "agency",
        "amount",
        "channel",
        "code",
        "desk",
        "file_id",
        "items",
        "kind",
        "leg",
        "limit",
        "officer",
        "outcome",
        "paper_code",
        "procedure_code",
        "promised_at",
        "reason_code",
        "result",
        "rev",
        "size",
        "type",
        "unit",
    }
)
SECRET: Final = frozenset({"access_token", "policy", "secret", "x-amz-signature"})  # in answers
HEADERS: Final = frozenset({"authorization", "webhook-signature", "x-dossier-secret"})
SHORTEST: Final = 3  # characters; a shorter value is in every line by chance
LEAST: Final = 1000  # and so is a smaller number


def leaves(value: object, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value within, with the name it stands under."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, str(key).lower())
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, name)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield name, value


class Needles(set[str]):
    """Texts to search for."""

    def sent(self, body: object, headers: Mapping[str, str]) -> None:
        """What a caller said, and what it proved itself with."""
        if isinstance(body, bytes):
            body = json.loads(body)
        self.update(_texts(value for name, value in leaves(body) if name not in PLAIN))
        lowered = {name.lower(): value for name, value in headers.items()}
        proofs = (lowered[name] for name in HEADERS if name in lowered)
        self.update(_texts(proof.rpartition(" ")[2] for proof in proofs))

    def answered(self, body: object) -> None:
        """What was told to the caller alone."""
        self.update(_texts(value for name, value in leaves(body) if name in SECRET))

    def officers(self) -> None:
        """Names and numbers of all demo accounts."""
        file = ROOT / "catalogue" / "officers.yaml"
        for account in yaml.safe_load(file.read_text("utf-8"))["accounts"]:
            self.update(_texts(account[key] for key in ("name", "id") if key in account))


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            if len(value) >= SHORTEST:
                yield value
        elif abs(value) >= LEAST:
            yield str(value)


def found(text: str, needles: Iterable[str]) -> list[str]:
    """Which of them stand in the lines of a log, each with its line."""
    wanted = sorted(needles, key=len, reverse=True)
    parts = re.compile("|".join(rf"(?<!\w){re.escape(each)}(?!\w)" for each in wanted))
    readable = (_readable(line) for line in text.splitlines())
    return [f"{match[0]!r} in {line}" for line in readable for match in parts.finditer(line)]


def _readable(line: str) -> str:
    """Without the time, which may be somebody's birthday; escaped letters as letters."""
    try:
        content = json.loads(line)
    except ValueError:
        return line
    if isinstance(content, dict):
        content = {key: value for key, value in content.items() if key not in {"timestamp", "_aws"}}
    return json.dumps(content, ensure_ascii=False)
