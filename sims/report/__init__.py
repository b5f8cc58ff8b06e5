"""One self-contained HTML report of a risk run.

`write_report(path, result)` turns a `ReportInput` into a page that opens offline; its tail figures,
of a loss X over all simulated paths, are

    VaR99 = the 99 % quantile of X          ES99 = the mean of the worst 1 %
"""

from sims.report.inputs import (
    Accounts,
    Crash,
    Losses,
    Provenance,
    Refused,
    Replay,
    ReportError,
    ReportInput,
    Reserves,
    Shocks,
)
from sims.report.page import digest, render, write_report

__all__ = [
    "Accounts",
    "Crash",
    "Losses",
    "Provenance",
    "Refused",
    "Replay",
    "ReportError",
    "ReportInput",
    "Reserves",
    "Shocks",
    "digest",
    "render",
    "write_report",
]
