"""Sets of forms (bộ mẫu): titles, codes and words of the slips, as a circular put them in force.

The set was renumbered in 2025; what was printed before keeps its form. All of it is data.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from chalicelib.domain.slips.slip import Signature, SlipKind
from chalicelib.domain.value import value


@value(frozen=True, slots=True)
class FormOfSlip:
    """`form` is its code in the circular; empty where that has none. `sign` ends its number."""

    title: str
    sign: str
    form: str = ""
    signatures: tuple[Signature, ...] = ()


@value(frozen=True, slots=True)
class FormSet:
    """One circular's set. `words` are labels and sentences, `places` names by area."""

    code: str
    since: date
    forms: Mapping[SlipKind, FormOfSlip]
    words: Mapping[str, str]
    places: Mapping[str, str]

    def say(self, word: str, **params: object) -> str:
        """A label or a sentence, filled."""
        return self.words[word].format_map(params)

    def place(self, area: str) -> str:
        """Where a slip is signed: the nearest named area, from this one outwards."""
        while area and area not in self.places:
            area = area.rpartition(".")[0]
        return self.places.get(area, "")

    def form_code(self, kind: SlipKind) -> str:
        """As it stands on the slip; empty where the circular has no such form."""
        form = self.forms[kind].form
        return self.say("form", form=form, set=self.code) if form else ""


def in_force(sets: Sequence[FormSet], day: date) -> FormSet:
    """The set of that day: the newest that had begun, else the first there was."""
    begun = [each for each in sets if each.since <= day]
    return max(begun, key=lambda each: each.since) if begun else sets[0]
