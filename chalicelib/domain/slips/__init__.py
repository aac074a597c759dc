"""The printed slips (phiếu): what each says, read off the record (DOMAIN.md, "Printed slips").

Pure: a slip is made of the record and a set of forms, and has a digest by which a printed one can
be checked. The words and the codes of forms are data (`forms`); how a slip looks on paper is an
adapter's.
"""
