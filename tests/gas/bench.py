"""Gas of Weir and its peers, row by row, on one anvil in one run.

    python -m tests.gas.bench                              every protocol: table, file and plot
    python -m tests.gas.bench --only weir --build FILE     Weir alone, in seconds; peers as recorded

Weir, Aave and Morpho are measured. Comet, Euler and Compound have no package to deploy from: their
figures were recorded under the same conditions and are marked so wherever they appear.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from scripts._anvil import AnvilError, anvil, unwinding_on_sigterm
from sims.fork.rpc import Rpc
from tests.gas import _compile, _plot, _screen, _table
from tests.gas._aave import Aave
from tests.gas._chain import START_S, Chain
from tests.gas._morpho import Morpho
from tests.gas._rows import ROWS, World, WrongScene, measure
from tests.gas._weir import REASONS, Weir

BUILD = _compile.ROOT / ".build" / "__local__.json"
OUT = _compile.ROOT / "reports" / "bench"
NODE = ("--auto-impersonate", "--base-fee", "0", "--timestamp", str(START_S))
MEASURED = ("weir", "aave", "morpho")
FAR_PERCENT = 1.0


@click.command()
@click.option("--only", type=click.Choice(MEASURED), help="Measure one protocol; write nothing.")
@click.option("--build", type=Path, default=BUILD, help="Weir as `ape compile` left it.")
@click.option("--out", type=Path, default=OUT, help="Where gas.json and gas.html go.")
def main(only: str | None, build: Path, out: Path) -> None:
    """Measures the gas of every row, prints the table and writes it down."""
    try:
        with unwinding_on_sigterm():
            found = run((only,) if only else MEASURED, build)
    except (AnvilError, _compile.CompileError, WrongScene) as error:
        raise click.ClickException(str(error)) from None
    recorded = found["conditions"]["recorded"]["protocols"]
    _screen.show(found["rows"], recorded, REASONS)
    if only is None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "gas.json").write_text(json.dumps(found, indent=2) + "\n")
        (out / "gas.html").write_text(_plot.page(found["rows"], recorded), encoding="utf-8")
        click.echo(f"Written: {out / 'gas.json'} and {out / 'gas.html'}")


def run(protocols: tuple[str, ...], build: Path) -> dict[str, Any]:
    """Conditions, rows and summary.

    Parameters
    ----------
    protocols
        Which to measure; the others' figures are the recorded ones.
    """
    recorded = json.loads((_compile.PEERS / "recorded.json").read_text())
    measured: dict[str, Mapping[str, int | None]] = {}
    with anvil(*NODE) as url, Rpc(url) as rpc:
        world = World.create(Chain(rpc), _compile.common())
        if "weir" in protocols:
            kinds = _compile.from_ape(build)
            for idle in (True, False):
                with world.chain.isolated():
                    weir = Weir(world, kinds, idle=idle)
                    measured[weir.name] = measure(weir)
        if "aave" in protocols:
            with world.chain.isolated():
                measured[Aave.name] = measure(Aave(world))
        if "morpho" in protocols:
            with world.chain.isolated():
                measured[Morpho.name] = measure(Morpho(world))
        node = f"{rpc.request('web3_clientVersion')}, {rpc.request('anvil_nodeInfo')['hardFork']}"
    rows = _table.merge(ROWS, measured, recorded["gas"])
    return {
        "conditions": conditions(node, measured, recorded),
        "rows": rows,
        "summary": _table.summary(rows),
        "summary_earning": _table.summary(rows, _table.EARNING),
        "lost": _table.lost(rows, REASONS),
    }


def conditions(
    node: str, measured: Mapping[str, Mapping[str, int | None]], recorded: Mapping[str, Any]
) -> dict[str, Any]:
    """What somebody needs to know to measure the same, or to doubt it."""
    names = {p: words for p, words in recorded["protocols"].items() if p not in measured}
    return {
        "node": node,
        "unit": "gas of the whole transaction as its receipt has it: 21,000, calldata and refunds "
        "included",
        "views": "sent as a transaction; its receipt's gas less 21,000 and calldata (4 a zero "
        "byte, 16 another), so that every slot is cold",
        "scene": "one transaction per block; a fresh account per operation; 3,600 s between "
        "preparation and the operation; every reserve lent to about 60 % by others, far larger "
        "than any row; every wallet non-zero before and after; unlimited approval "
        "given earlier; every row starts from the same state",
        "tokens": "one OpenZeppelin 5.7 ERC-20 per asset for all protocols: dollars with 6 "
        "decimals, collaterals with 18; solc 0.8.37, 200 runs",
        "oracles": "one aggregator with one storage read per asset, behind each protocol's own "
        "oracle layer",
        "positions": "collateral at 2,000 USD, LTV 80 %, threshold 85 % (Morpho: LLTV 85 %), bonus "
        "5 %, caps set; borrow 10,000 / 40,000 / 70,000 against ten units each of 1 / 3 / 5 "
        "collaterals; liquidations: borrow 15,900 a collateral, prices cut to 1,850 and half of one "
        "collateral's share repaid (partial), 1,700 and all repaid (full), 1,500 (bad debt)",
        "checked": "withdrawn, repaid and liquidated positions are read back: a partial "
        "liquidation leaves debt and collateral, a full one collateral only, bad debt nothing",
        "weir": "the project's own settings; terms of liquidation: target health 1.05, everything "
        "below 0.95, so that a full liquidation is one at the price where it is for Aave. "
        "weir: collateral idle; weir_earning: collateral earning, all other rows the same",
        "aave_v3_6": "npm @aave-dao/aave-v3-origin 3.6.0; solc 0.8.27, 200 runs, shanghai; proxies "
        "and rewards controller without rewards as shipped; flash loan through flashLoanSimple",
        "morpho_blue": "npm @morpho-org/morpho-blue 1.0.0; solc 0.8.19, via-IR, 999,999 runs, "
        "paris; fee 0. AdaptiveCurveIrm is not on npm: a model of equal work (tests/gas/peers/"
        "contracts/Morpho.sol) stands behind its interface, and an oracle of equal work in the "
        "place of MorphoChainlinkOracleV2, with a feed for each token. No account view in the core: "
        "measured through a lens of ours",
        "flash_loan": "a contract borrows and its approval pays back; nothing is done between",
        "drift": {
            "from": "figures recorded earlier, in percent; far: rows beyond "
            f"{FAR_PERCENT:g} percent",
            "why": "account_view_1c of Morpho: another lens, which reads less; flash_loan: a "
            "smaller borrower. The rest is the aggregator's code (32 gas a read) and Morpho's "
            "oracle (about 400)",
            **_table.drift(
                {p: gas for p, gas in measured.items() if p in recorded["protocols"]},
                recorded["gas"],
                FAR_PERCENT,
            ),
        },
        "recorded": {
            "source": recorded["source"],
            "conditions": recorded["conditions"],
            "protocols": names,
            "notes": {p: n for p, n in recorded["notes"].items() if p in names},
        },
    }


if __name__ == "__main__":
    main()
