"""`python -m tests.mutation`: see `tests/mutation/_run.py`."""

import sys

from tests.mutation._run import main

sys.exit(main())
