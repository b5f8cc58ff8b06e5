"""`python -m sims`: the commands of `sims.cli`."""

from sims.cli import cli

cli(prog_name="python -m sims")
