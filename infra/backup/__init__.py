"""The operator's side of the export: make a run, verify, restore, drill."""
