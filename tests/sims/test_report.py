"""The report: self-contained, complete, honest about what is missing, and never half written."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sims.book import seeded_book
from sims.cascade import Cascade
from sims.depth import default_depth
from sims.market import load_market
from sims.metrics import convergence, expected_shortfall, summarize
from sims.report import (
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
    digest,
    plots,
    render,
    words,
    write_report,
)

ETHEREUM = Path(__file__).parents[2] / "scripts" / "_markets" / "ethereum.yaml"
FALL = np.array([0.0, -0.1, -0.2, -0.3, -0.4])


@pytest.fixture(scope="module")
def result() -> ReportInput:
    """A real run in small: 100 accounts, one path on which ether loses 40 %."""
    rng = np.random.default_rng(1)
    market = load_market(ETHEREUM)
    params, price = market.reserve_params(), market.prices
    book = seeded_book(market, accounts=100, rng=rng)
    falling = [market.reserve_id(symbol) for symbol in ("WETH", "WBTC")]
    path = np.tile(price, (25, 1))
    path[5:, falling] *= np.linspace(1, 0.6, 20)[:, None]
    cascade = Cascade(
        book=book,
        params=params,
        terms=market.liquidation_terms(),
        depth=default_depth(market.symbols),
    )
    loss = rng.lognormal(10, 2, 200)
    repaid = np.array([100.0, 2000.0, 30.0])
    return ReportInput(
        provenance=Provenance(
            title="Risk <report>",
            market=market.name,
            chain_id=market.chain_id,
            block=market.block,
            block_time=datetime(2025, 12, 9, 12, tzinfo=timezone.utc),
            created=datetime(2025, 12, 10, tzinfo=timezone.utc),
            seed=1,
            versions={"weir": "0.1.0"},
            command="weir report",
        ),
        params=params,
        terms=market.liquidation_terms(),
        reserves=Reserves(
            price_usd=price,
            supplied=book.supplied(10),
            borrowed=book.borrowed(10),
            supply_cap=market.floats(lambda reserve: reserve.supply_cap),
            borrow_cap=market.floats(lambda reserve: reserve.borrow_cap),
            idle=np.zeros(10),
        ),
        accounts=Accounts.of(book, params, price_usd=price),
        shocks=Shocks.of(
            book,
            params,
            price_usd=price,
            falling=falling,
            fallers="ether and bitcoin",
            price_change=FALL,
        ),
        losses=Losses(
            loss_usd=loss,
            risk=summarize(loss, rng=rng, resamples=50),
            convergence=convergence(
                loss, lambda x: expected_shortfall(x, 0.99), rng=rng, resamples=20
            ),
            horizon_s=86_400.0,
            step_s=300.0,
            model="Prices are made up.",
        ),
        crash=Crash("The only path.", cascade.trace(path)),
        replay=Replay(repaid, repaid * (1 + 1e-12), repaid * 1.05, repaid * 1.05, [0, 0, 0]),
        assumptions=("Gas is free.",),
    )


@pytest.fixture(scope="module")
def page(result: ReportInput) -> str:
    return render(result)


class Tags(HTMLParser):
    """Collects what a page loads, its headings and its text outside scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text += data + " "


# ------------------------------------------------------------------------------- the page


def test_render__a_run__loads_nothing_from_elsewhere(page: str) -> None:
    assert Tags(page).links == []


def test_render__a_run__closes_every_tag(page: str) -> None:
    assert Tags(page).open == []


def test_render__a_run__has_every_plot_once(page: str) -> None:
    names = ["health", "shock", "losses", "convergence", "crash", "replay"]
    assert Tags(page).ids == names + [f"rates-{r}" for r in range(10)]


def test_render__a_run__embeds_plotly_once(page: str) -> None:
    assert len(re.findall(r"plotly\.js v\d", page)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Ethereum Core",
        "23,975,177 (2025-12-09 12:00:00 UTC)",
        "weir 0.1.0",
        "Gas is free.",
        "0 wei apart",
        "Target health after a liquidation",
        "Assumptions and definitions",
        "3.75\u00a0% to 7.5\u00a0%",
        "49,800",
    ],
)
def test_render__a_run__says(page: str, text: str) -> None:
    assert text in Tags(page).text


def test_render__a_title_with_markup__shows_it_as_text(page: str) -> None:
    assert "<h1>Risk &lt;report&gt;</h1>" in page


def test_render__the_same_input__is_the_same_to_the_byte(result: ReportInput, page: str) -> None:
    assert render(result) == page


def test_render__no_replay__says_so(result: ReportInput) -> None:
    text = Tags(render(replace(result, replay=None))).text
    assert "No liquidation of this run was replayed" in text
    assert "not replayed" in text


def test_render__a_replay_without_liquidations__claims_no_agreement(result: ReportInput) -> None:
    none = np.ones(0)
    text = Tags(render(replace(result, replay=Replay(none, none, none, none, [])))).text
    assert "No liquidation of this run was replayed" in text
    assert "wei apart" not in text


REFUSED = (
    Refused("ReservePaused", at_limit=False, calls=3, repaid_usd=2e6, bad_debt_usd=5e3),
    Refused("LeavesDust", at_limit=True, calls=1, repaid_usd=4e4, bad_debt_usd=0.0),
)


def test_render__refused_calls__stand_in_a_table_with_their_cause(result: ReportInput) -> None:
    text = " ".join(Tags(render(replace(result, refused=REFUSED))).text.split())
    assert (
        "ReservePaused a difference between engine and contracts 3 $2.00m $5.00k "
        "LeavesDust rounding at a limit 1 $40.0k $0" in text
    )


def test_render__nothing_refused__has_no_table_of_it(page: str) -> None:
    assert "contracts refused" not in Tags(page).text


def test_render__every_call_refused__says_so(result: ReportInput) -> None:
    text = Tags(render(replace(result, replay=None, refused=REFUSED))).text
    assert "The contracts refused every call that was replayed." in text
    assert "No liquidation of this run was replayed" not in text


def test_render__a_note__stands_before_the_figures(result: ReportInput) -> None:
    text = Tags(render(replace(result, notes=("Mind <this>.",)))).text
    assert text.index("Key numbers") < text.index("Mind <this>.") < text.index("$")


@pytest.mark.parametrize("accounts", [0, 3])
def test_render__no_debt__shows_rates_and_state_only(result: ReportInput, accounts: int) -> None:
    nobody = Accounts(health=np.full(accounts, np.inf), debt_usd=np.zeros(accounts))
    tags = Tags(render(replace(result, accounts=nobody)))
    assert tags.ids == [f"rates-{r}" for r in range(10)]
    assert "VaR 99" not in tags.text.split("Assumptions and definitions")[0]


def test_render__no_loss__says_so_in_place_of_plots(result: ReportInput) -> None:
    calm = Tags(render(replace(result, losses=replace(result.losses, loss_usd=np.zeros(200)))))
    assert "No path lost anything." in calm.text
    assert "losses" not in calm.ids


def test_render__liquidations_by_collateral__add_up(result: ReportInput, page: str) -> None:
    repaid = sum(event.repaid_usd for event in result.crash.liquidations)
    total = f"Total {len(result.crash.liquidations):,} {words.money(repaid)} "
    assert repaid > 0
    assert total in Tags(page).text


def test_render__nothing_liquidated__totals_zero(result: ReportInput) -> None:
    trace = replace(result.crash.trace, events=())
    text = Tags(render(replace(result, crash=Crash("Calm.", trace)))).text
    assert "Total 0 $0 $0 $0 $0" in text


# ------------------------------------------------------------------------------- the file


def test_write_report__new_folder__writes_the_page(
    tmp_path: Path, result: ReportInput, page: str
) -> None:
    path = write_report(tmp_path / "out" / "report.html", result)
    assert path.read_text(encoding="utf-8") == page


def test_write_report__it_fails__leaves_the_old_one_and_nothing_else(
    tmp_path: Path, result: ReportInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sims.report.html.os.replace", full)
    with pytest.raises(OSError, match="No space"):
        write_report(path, result)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [
        ("report.html", "old")
    ]


# ------------------------------------------------------------------------------- the input


def test_digest__one_figure_changes__changes(result: ReportInput) -> None:
    debt = result.accounts.debt_usd.copy()
    debt[0] += 1e-9
    changed = replace(result, accounts=replace(result.accounts, debt_usd=debt))
    assert digest(changed) != digest(result)


def test_digest__equal_figures__stays_the_same(result: ReportInput) -> None:
    copied = replace(
        result, accounts=replace(result.accounts, debt_usd=result.accounts.debt_usd.copy())
    )
    assert digest(copied) == digest(result)


def test_render__made_on_another_day__keeps_its_digest(result: ReportInput, page: str) -> None:
    later = replace(result.provenance, created=datetime(2026, 1, 1, tzinfo=timezone.utc))
    found = re.compile(r"sha256 [0-9a-f]{64}")
    assert found.findall(render(replace(result, provenance=later))) == found.findall(page)


def test_render__not_replayed__keeps_its_digest(result: ReportInput, page: str) -> None:
    """Who repeats a run from its snapshot has no chain to replay it on."""
    found = re.compile(r"sha256 [0-9a-f]{64}")
    alone = render(replace(result, replay=None, refused=REFUSED, notes=("None.",), assumptions=()))
    assert found.findall(alone) == found.findall(page)


def test_render__other_terms__have_another_digest(result: ReportInput, page: str) -> None:
    found = re.compile(r"sha256 [0-9a-f]{64}")
    other = render(replace(result, terms=replace(result.terms, dust=1.0)))
    assert found.findall(other) != found.findall(page)


@pytest.mark.parametrize(
    ("part", "array", "value", "problem"),
    [
        ("accounts", "debt_usd", np.ones(3), r"Accounts\.debt_usd has shape \(3,\)"),
        ("losses", "loss_usd", np.ones(0), "Losses.loss_usd is empty"),
        ("reserves", "price_usd", np.ones(9), r"Reserves\.price_usd .* give it \(10,\)"),
        ("shocks", "alone_usd", np.ones((5, 9)), r"Shocks\.alone_usd .* give it \(5, 10\)"),
        ("losses", "loss_usd", np.full(200, np.nan), r"Losses\.loss_usd has values that are not"),
        ("replay", "repaid_chain_usd", np.ones(2), r"Replay\.repaid_chain_usd .* give it \(3,\)"),
    ],
)
def test_report_input__an_array_that_does_not_fit__is_named(
    result: ReportInput, part: str, array: str, value: Any, problem: str
) -> None:
    changed = replace(getattr(result, part), **{array: value})
    with pytest.raises(ReportError, match=problem):
        replace(result, **{part: changed})


def test_report_input__a_trace_of_another_market__is_refused(result: ReportInput) -> None:
    other = replace(result.crash.trace, oracle_price_usd=np.ones((25, 3)))
    with pytest.raises(ReportError, match="not of 10 reserves"):
        replace(result, crash=Crash("Other.", other))


def test_shocks__deeper_falls__make_more_liquidatable(result: ReportInput) -> None:
    assert (np.diff(result.shocks.liquidatable_usd) >= 0).all()
    assert result.shocks.liquidatable_usd[-1] > result.shocks.liquidatable_usd[0] == 0


def test_shocks__what_does_not_fall__makes_nothing_liquidatable(result: ReportInput) -> None:
    alone = result.shocks.alone_usd[-1]
    symbols = np.array(result.params.symbols)
    assert set(symbols[alone > 0]) == {"WETH", "WBTC"}


def test_utilization__no_supply__is_zero(result: ReportInput) -> None:
    empty = replace(result.reserves, supplied=np.zeros(10), borrowed=np.zeros(10))
    assert empty.utilization.tolist() == [0.0] * 10


def test_relative_difference__largest_of_both_amounts() -> None:
    replay = Replay(
        repaid_model_usd=np.array([100.0, 0.0]),
        repaid_chain_usd=np.array([99.0, 0.0]),
        seized_model_usd=np.array([200.0, 50.0]),
        seized_chain_usd=np.array([200.0, 40.0]),
        twin_difference=[0, 7],
    )
    assert replay.relative_difference.tolist() == [0.01, 0.2]
    assert words.twin_verdict(replay) == "7 wei apart"


def test_twin_verdict__another_path_is_further_apart__counts(result: ReportInput) -> None:
    further = replace(result.replay, largest_difference=9)
    assert words.twin_verdict(result.replay) == "0 wei apart"
    assert words.twin_verdict(further) == "9 wei apart"


# ------------------------------------------------------------------------------- the plots


def test_health_figure__all_bars__add_up_to_the_debt(result: ReportInput) -> None:
    bars = sum(bar.y.sum() for bar in plots.health_figure(result).data)
    assert bars * 1e6 == pytest.approx(result.accounts.debt_usd.sum())


def test_health_figure__an_account_below_one__is_in_the_liquidatable_bars(
    result: ReportInput,
) -> None:
    accounts = Accounts(health=np.array([0.97, 1.2]), debt_usd=np.array([3e6, 5e6]))
    figure = plots.health_figure(replace(result, accounts=accounts))
    assert [bar.y.sum() for bar in figure.data] == [3.0, 0.0, 5.0]


@given(st.floats(1e-3, 20), st.floats(0, 1e9))
@example(0.85, 1.0)  # 0.05 times 17 is more than 0.85
def test_health_figure__any_health__has_a_place(health: float, debt: float) -> None:
    accounts = Accounts(health=np.array([health]), debt_usd=np.array([debt]))
    figure = plots.health_figure(_Only(accounts))
    assert sum(bar.y.sum() for bar in figure.data) == pytest.approx(debt / 1e6)


class _Only:
    """The one part of the input that the health plot reads."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts


def test_rate_figure__marks_the_rates_at_todays_utilization(result: ReportInput) -> None:
    weth = plots.rate_figure(result, 0)
    [now] = weth.data[1].x
    assert now == pytest.approx(100 * result.reserves.utilization[0])
    # Below the kink of 92 % the rate is 2.5 % times utilization over kink.
    assert weth.data[1].y[0] == pytest.approx(2.5 * now / 92)


def test_loss_figure__histogram__counts_every_path(result: ReportInput) -> None:
    assert plots.loss_figure(result).data[0].y.sum() == 200


@pytest.mark.parametrize(
    "figure",
    [
        plots.health_figure,
        plots.shock_figure,
        plots.loss_figure,
        plots.convergence_figure,
        plots.crash_figure,
        lambda data: plots.replay_figure(data.replay),
        lambda data: plots.rate_figure(data, 3),
    ],
)
def test_figures__every_axis__is_titled(result: ReportInput, figure: Any) -> None:
    layout = figure(result).layout
    rows = [layout[name] for name in layout if re.fullmatch(r"yaxis\d*", name)]
    columns = [layout[name] for name in layout if re.fullmatch(r"xaxis\d*", name)]
    assert all(row.title.text for row in rows)
    assert sum(bool(column.title.text) for column in columns) == 1


# ------------------------------------------------------------------------------- the words


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (0, "$0"),
        (12.4, "$12"),
        (999.4, "$999"),
        (999.6, "$1.00k"),
        (1_234, "$1.23k"),
        (45_600, "$45.6k"),
        (789_000, "$789k"),
        (999_600, "$1.00m"),
        (1.234e9, "$1.23bn"),
        (1.2e12, "$1,200bn"),
        (-2.5e6, "-$2.50m"),
    ],
)
def test_money__any_size__has_three_digits_and_a_unit(usd: float, text: str) -> None:
    assert words.money(usd) == text


@given(st.floats(1, 1e15))
def test_money__any_value__is_within_half_a_percent(usd: float) -> None:
    number, unit = re.fullmatch(r"\$([\d,.]+)(bn|m|k|)", words.money(usd)).groups()  # type: ignore[union-attr]
    size = {"": 1.0, "k": 1e3, "m": 1e6, "bn": 1e9}[unit]
    shown = float(number.replace(",", "")) * size
    assert shown == pytest.approx(usd, rel=0.0051, abs=0.5)


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [(0.045, 1, "4.5"), (0.1, 1, "10"), (1.0, 0, "100"), (0.0275, 2, "2.75"), (0.0, 1, "0")],
)
def test_percent__trailing_zeros__are_dropped(share: float, digits: int, text: str) -> None:
    assert words.percent(share, digits) == f"{text}\u00a0%"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(86_400, "1 day"), (172_800, "2 days"), (300, "5 minutes"), (5400, "1.5 hours"), (12, "12 s")],
)
def test_span__in_its_largest_unit(seconds: float, text: str) -> None:
    assert words.span(seconds) == text.replace("12 s", "12 seconds")


@pytest.mark.parametrize(
    ("tokens", "text"),
    [(np.inf, "none"), (0, "0"), (1, "1"), (0.1234567, "0.1235"), (49_800, "49,800")],
)
def test_amount__large_small_or_no_cap(tokens: float, text: str) -> None:
    assert words.amount(tokens) == text


def test_sentences__a_run__say_what_falls_do(result: ReportInput) -> None:
    fallen = [words.money(usd) for usd in result.shocks.liquidatable_usd[1:4]]
    assert any(
        sentence.startswith("If ether and bitcoin fell by 10, 20 or 30")
        and f"{fallen[0]}, {fallen[1]} or {fallen[2]} of debt" in sentence
        for sentence in words.sentences(result)
    )
