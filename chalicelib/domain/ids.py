"""Identifiers. Each is a string that must not be mistaken for another one.

None of them carries personal data: people appear only as keyed hashes (`PersonRef`)
and officials as opaque account numbers (`OfficerId`).
"""

from typing import NewType

DossierCode = NewType("DossierCode", str)  # H15.50.05.13-261008-0975
AgencyCode = NewType("AgencyCode", str)  # H15.50.05
ProcedureCode = NewType("ProcedureCode", str)  # 1.001193
OfficerId = NewType("OfficerId", str)  # OF-0012
PersonRef = NewType("PersonRef", str)  # keyed hash of a person's or organisation's number
FileId = NewType("FileId", str)
DeliveryId = NewType("DeliveryId", str)
