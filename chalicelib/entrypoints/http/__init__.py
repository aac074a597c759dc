"""The HTTP framework every route stands on: declare a route, get a checked `Request`.

api.py         what is served: all routes, who signs in, errors become answers
router.py      `Routes`: how a blueprint declares a route
route.py       one declared route        auth.py      who may call it
incoming.py    the proxy event           reading.py   event -> `Request`
strict_json.py what JSON is taken        faults.py    pydantic's errors in our own codes
answering.py   `Answer` -> response      problem.py   RFC 9457, and the table error -> status
messages.py    Vietnamese and English    openapi.py   the contract, generated
"""
