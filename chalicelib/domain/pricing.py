"""Fees that follow the answers: by the page, and less for whom the law exempts. All in đồng."""

from itertools import pairwise

from chalicelib.domain.conditions import Answers, answer_at
from chalicelib.domain.value import value


@value(frozen=True, slots=True)
class PageTier:
    """From page `first` on, each page costs `price`."""

    first: int
    price: int


@value(frozen=True, slots=True)
class PerPage:
    """The price of copies: `at` is a list of documents, each with its `pages` and `copies`."""

    at: str
    pages: str
    copies: str
    tiers: tuple[PageTier, ...]  # from page 1 on, in order
    most: int | None = None  # for one copy, however many pages it has

    def amount(self, answers: Answers) -> int:
        """For all copies of all documents."""
        documents = answer_at(answers, self.at) or ()
        return sum(each[self.copies] * self.of_copy(each[self.pages]) for each in documents)

    def of_copy(self, pages: int) -> int:
        """For one copy of so many pages."""
        steps = pairwise((PageTier(0, 0), *self.tiers))
        due = sum(
            max(0, pages - tier.first + 1) * (tier.price - before.price) for before, tier in steps
        )
        return due if self.most is None else min(due, self.most)


@value(frozen=True, slots=True)
class Exemption:
    """`percent` of a fee is not taken in these cases."""

    percent: int
    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
