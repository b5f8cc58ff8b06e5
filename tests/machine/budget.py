"""How long Hypothesis looks: two minutes in all in `make test`, longer where `WEIR_DEEP` is set."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

DEEP = 20
"""Times as many draws."""


def looking(examples: int, steps: int) -> settings:
    """So many draws of so many steps."""
    deep = bool(os.environ.get("WEIR_DEEP"))
    return settings(
        max_examples=examples * (DEEP if deep else 1),
        stateful_step_count=steps,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
