"""`python -m tests.coverage`: see `tests/coverage/_run.py`."""

import sys

from tests.coverage._run import main

sys.exit(main())
