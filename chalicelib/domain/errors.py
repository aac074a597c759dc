"""Every way a rule of the domain can say no.

    Error
    ├── NotFoundError        the thing does not exist, or is not for the caller to see
    ├── ForbiddenError       known, but not the caller's to do
    ├── ConflictError        made on a state that has moved on, or against another write
    │   └── StaleError       the `rev` is not the dossier's any more
    ├── RuleError            well-formed, but against a rule; names the field where it can
    │   ├── TransitionError  the dossier's status does not allow it
    │   └── FaultsError      several fields at once, each with its own fault
    └── LaterError           not now; carries the seconds to wait
        ├── ThrottledError   too many tries
        └── UnavailableError something that is needed is out of reach

Each carries a stable `code`; the sentence a person reads is looked up under that code in
`chalicelib/messages/*.json`, filled with `params`.
"""

from collections.abc import Mapping, Sequence


class Error(Exception):
    """Base of all; `code` is stable and part of the HTTP contract."""

    def __init__(self, code: str, *, pointer: str = "", **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.pointer = pointer  # RFC 6901 pointer of the field at fault, "" for the whole
        self.params: Mapping[str, object] = params


class NotFoundError(Error):
    """Does not exist, or the caller may not know that it does."""


class ForbiddenError(Error):
    """The caller may see it but not do this."""


class ConflictError(Error):
    """The state has moved on."""


class StaleError(ConflictError):
    """The decision was made on an older `rev`."""


class RuleError(Error):
    """Understood, and against a rule."""


class TransitionError(RuleError):
    """The dossier's status does not allow this."""


class FaultsError(RuleError):
    """Several faults at once; `faults` are (pointer, code, params)."""

    def __init__(self, code: str, faults: Sequence[tuple[str, str, Mapping[str, object]]]) -> None:
        super().__init__(code, count=len(faults))
        self.faults = faults


class LaterError(Error):
    """Not now; `retry_after` in seconds."""

    def __init__(self, code: str, *, retry_after: int) -> None:
        super().__init__(code, retry_after=retry_after)
        self.retry_after = retry_after


class ThrottledError(LaterError):
    """Too many tries."""


class UnavailableError(LaterError):
    """Something that is needed, like the issuer of sign-ins, is out of reach."""
