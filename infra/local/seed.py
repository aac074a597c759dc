"""Loads the catalogue: procedures, agencies and calendars, as far as they are not there."""

from __future__ import annotations

import importlib
import importlib.util


def load_catalogue() -> bool:
    """Call `catalogue.load.load()`; False where the project has no such module (yet)."""
    if importlib.util.find_spec("catalogue") is None:
        return False
    if importlib.util.find_spec("catalogue.load") is None:
        return False
    importlib.import_module("catalogue.load").load()
    return True
