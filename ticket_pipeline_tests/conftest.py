"""How hard the property-based tests look.

On CI they look at the same cases every time; `pytest --hypothesis-profile=long` looks at thousands.
"""

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True, print_blob=True)
settings.register_profile("long", max_examples=5_000, print_blob=True)
settings.register_profile("here", print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")
