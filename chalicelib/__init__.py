"""What runs in AWS."""

import gc

# An import leaves hardly any garbage, and a request little: by default Python would look through
# everything there is after 700 new objects, some hundred times in a cold start.
gc.set_threshold(10_000)
