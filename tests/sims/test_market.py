"""The market file: what it says, what it becomes on the chain, how a wrong one is refused."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from eth_utils.address import to_checksum_address
from hypothesis import given, settings
from hypothesis import strategies as st

from sims.adaptive import AdaptiveCurve
from sims.feeds import Node, prices_within, rate_within
from sims.market import (
    MAX_CAP_RAW,
    NO_CAP_CODE,
    Market,
    MarketError,
    cap_code,
    load_market,
    parse_market,
    plain,
)

ROOT = Path(__file__).parents[2]
ETHEREUM = ROOT / "scripts" / "_markets" / "ethereum.yaml"
AAVE_STATE = ROOT.parent / "shared" / "data" / "config" / "aave_v3_ethereum_core.json"

WETH = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
USDC = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
FEED = "0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419"

RESERVE = """\
    decimals: 18
    price: 3000
    feed: {decimals: 8, max_age: 65m}
    ltv: 0.8
    liquidation_threshold: 0.83
    liquidation_bonus: {floor: 0.025, cap: 0.05}
    liquidation_fee: 0.1
    reserve_factor: 0.15
    supply_cap: 1_000
    borrow_cap: 500
    borrowable: true
    rates: {base: 0.01, kink: 0.9, slope1: 0.025, slope2: 0.8}
    seed: 0.1
"""
HEAD = """\
name: Small
description: One asset.
source: this test
as_of: 2025-12-09
block: 23975177
chain_id: 1
base_currency: USD
liquidation:
  target_health: 1.05
  full_liquidation_health: 0.9
  dust: 1000
  write_off_below: 50
reserves:
"""
SMALL = f"{HEAD}  WETH:\n    address: {WETH}\n{RESERVE}"


def parse(text: str) -> Market:
    return parse_market(text, source="small.yaml")


def with_value(old: str, new: str) -> Market:
    """The small market with one piece of its text replaced."""
    assert SMALL.count(old) == 1
    return parse(SMALL.replace(old, new))


def refusal(old: str, new: str) -> str:
    """What a reader says about the small market with one piece of its text replaced."""
    with pytest.raises(MarketError) as caught:
        with_value(old, new)
    return str(caught.value)


# ------------------------------------------------------------------------------- the real market


@pytest.fixture(scope="module")
def ethereum() -> Market:
    return load_market(ETHEREUM)


def test_load_market__ethereum__has_the_ten_reserves_in_the_order_of_their_ids(
    ethereum: Market,
) -> None:
    expected = ("WETH", "wstETH", "weETH", "WBTC", "cbBTC", "USDC", "USDT", "DAI", "LINK", "AAVE")
    assert ethereum.symbols == expected


def test_load_market__ethereum__says_what_stood_on_the_chain(ethereum: Market) -> None:
    if not AAVE_STATE.exists():
        pytest.skip("the on-chain state to compare with is not here")
    state = {reserve["key"]: reserve for reserve in json.loads(AAVE_STATE.read_text())["reserves"]}
    for symbol, reserve in ethereum.reserves.items():
        real = state[symbol]
        assert reserve.address == real["underlying"]
        assert reserve.decimals == real["decimals"]
        assert reserve.borrowable == real["borrowing_enabled"]
        figures = {
            "price_usd": reserve.price,
            "ltv": reserve.ltv,
            "liquidation_threshold": reserve.liquidation_threshold,
            "liquidation_bonus": reserve.liquidation_bonus.cap,
            "liquidation_protocol_fee": reserve.liquidation_fee,
            "reserve_factor": reserve.reserve_factor,
            "borrow_cap": reserve.borrow_cap,
        }
        assert {name: float(value) for name, value in figures.items()} == {
            name: real[name] for name in figures
        }, symbol
        curve = reserve.rates
        assert [float(x) for x in (curve.base, curve.kink, curve.slope1, curve.slope2)] == [
            real["irm"][name] for name in ("base", "optimal", "slope1", "slope2")
        ], symbol


def test_load_market__ethereum_categories__are_the_real_ones_of_these_assets(
    ethereum: Market,
) -> None:
    if not AAVE_STATE.exists():
        pytest.skip("the on-chain state to compare with is not here")
    expected = {}
    for mode in json.loads(AAVE_STATE.read_text())["emodes"]:
        kept = [
            [s for s in mode[k] if s in ethereum.reserves] for k in ("collaterals", "borrowables")
        ]
        if all(kept):
            terms = [mode[k] for k in ("ltv", "liquidation_threshold", "liquidation_bonus")]
            expected[mode["label"]] = (*kept, *terms)
    assert expected == {
        name: (
            [*c.collaterals],
            [*c.borrowables],
            *map(float, (c.ltv, c.liquidation_threshold, c.liquidation_bonus.cap)),
        )
        for name, c in ethereum.categories.items()
    }


def test_load_market__ethereum_caps__are_the_real_ones_rounded_down(ethereum: Market) -> None:
    if not AAVE_STATE.exists():
        pytest.skip("the on-chain state to compare with is not here")
    state = {reserve["key"]: reserve for reserve in json.loads(AAVE_STATE.read_text())["reserves"]}
    shares = [float(r.supply_cap) / state[s]["supply_cap"] for s, r in ethereum.reserves.items()]
    assert all(0.99 < share <= 1 for share in shares)


# ------------------------------------------------------------------------------- exact integers


def test_reserve__decimal_text__becomes_exact_integers() -> None:
    reserve = parse(SMALL).reserves["WETH"]
    assert (reserve.ltv_bps, reserve.liquidation_threshold_bps) == (8000, 8300)
    assert (reserve.liquidation_bonus.floor_bps, reserve.liquidation_bonus.cap_bps) == (250, 500)
    assert (reserve.liquidation_fee_percent, reserve.reserve_factor_percent) == (10, 15)
    assert reserve.price_raw == 3000 * 10**8
    assert reserve.seed_raw == 10**17
    assert reserve.feed.max_age_s == 3900


def test_rates__decimal_text__become_storage_steps_and_wads() -> None:
    rates = parse(SMALL).reserves["WETH"].rates
    assert rates.stored == (100, 90, 25, 80)
    assert rates.wad == (10**16, 9 * 10**17, 25 * 10**15, 8 * 10**17)


def test_liquidation__decimal_text__becomes_exact_integers() -> None:
    liquidation = parse(SMALL).liquidation
    assert (liquidation.target_health_bps, liquidation.full_liquidation_health_bps) == (
        10_500,
        9_000,
    )
    assert (liquidation.dust, liquidation.write_off_below) == (1000, 50)


def test_price__a_number_that_binary_floats_miss__stays_exact() -> None:
    # 0.07 * 10**8 is 7000000.000000001 in floats.
    assert with_value("price: 3000", "price: 0.07").reserves["WETH"].price_raw == 7_000_000


def test_price__more_digits_than_a_float_holds__stays_exact() -> None:
    market = with_value("price: 3000", "price: 123456789012.12345678")
    assert market.reserves["WETH"].price_raw == 12345678901212345678


@pytest.mark.parametrize(
    ("text", "minutes"), [("1m", 1), ("65m", 65), ("25h", 1500), ("45d", 64_800)]
)
def test_max_age__each_unit__is_in_minutes(text: str, minutes: int) -> None:
    assert with_value("max_age: 65m", f"max_age: {text}").reserves["WETH"].feed.max_age == minutes


def test_reserve_params__small_market__holds_the_same_figures() -> None:
    params = parse(SMALL).reserve_params()
    assert (params.ltv[0], params.threshold[0], params.fee[0]) == (0.8, 0.83, 0.1)
    assert (params.curve.base[0], params.curve.kink[0], params.curve.slope2[0]) == (0.01, 0.9, 0.8)


def test_liquidation_terms__small_market__hold_the_same_figures() -> None:
    terms = parse(SMALL).liquidation_terms()
    assert (terms.target_health, terms.full_liquidation_health) == (1.05, 0.9)
    assert (terms.dust, terms.write_off_below) == (1000.0, 50.0)


def test_reserve_id__known_symbol__is_its_place() -> None:
    assert load_market(ETHEREUM).reserve_id("USDC") == 5


def test_reserve_id__unknown_symbol__is_refused() -> None:
    with pytest.raises(MarketError, match="has no reserve DOGE; use one of WETH"):
        parse(SMALL).reserve_id("DOGE")


def test_floats__no_cap__is_infinite() -> None:
    market = with_value("supply_cap: 1_000", "supply_cap: none")
    assert market.floats(lambda reserve: reserve.supply_cap).tolist() == [float("inf")]


# ------------------------------------------------------------------------------- caps


@given(st.integers(0, 511), st.integers(0, 31))
def test_cap_code__mantissa_and_zeros__decodes_to_the_cap(mantissa: int, exponent: int) -> None:
    raw = mantissa * 10**exponent
    if raw > MAX_CAP_RAW:
        return
    code = cap_code(raw)
    assert code < NO_CAP_CODE
    assert (code >> 5) * 10 ** (code & 31) == raw


@given(st.integers(512, 10**30).filter(lambda raw: int(str(raw).rstrip("0")) > 511))
def test_cap_code__more_digits__is_refused(raw: int) -> None:
    with pytest.raises(ValueError, match="is no cap of at most 511"):
        cap_code(raw)


def test_cap_code__none__is_all_ones() -> None:
    assert cap_code(None) == 2**14 - 1


def test_cap_code__the_value_that_none_would_have__is_refused() -> None:
    with pytest.raises(ValueError, match="is no cap"):
        cap_code(511 * 10**31)


def test_supply_cap__zero__means_nothing_and_none_means_no_cap() -> None:
    zero = with_value("borrow_cap: 500", "borrow_cap: 0").reserves["WETH"]
    none = with_value("borrow_cap: 500", "borrow_cap: none").reserves["WETH"]
    assert (zero.borrow_cap_raw, zero.borrow_cap_code) == (0, 0)
    assert (none.borrow_cap_raw, none.borrow_cap_code) == (None, NO_CAP_CODE)


@given(st.decimals(0, 10**12, places=2, allow_nan=False).filter(lambda cap: cap > 1))
def test_supply_cap__off_the_steps__names_two_caps_that_are_on_them(cap: Decimal) -> None:
    text = SMALL.replace("supply_cap: 1_000", f"supply_cap: {plain(cap)}")
    try:
        parse(text)
    except MarketError as error:
        nearest = str(error).rsplit("use ", 1)[1].split(" or ")
        below, above = (Fraction(number) for number in nearest)
        assert below < Fraction(cap) < above
        for number in nearest:
            parse(SMALL.replace("supply_cap: 1_000", f"supply_cap: {number}"))
    else:
        raw = int(Fraction(cap) * 10**18)
        assert cap_code(raw) < NO_CAP_CODE


# ------------------------------------------------------------------------------- refusals


def test_parse_market__small_market__is_sound() -> None:
    assert parse(SMALL).name == "Small"


def test_parse_market__ltv_above_threshold__names_file_line_path_and_remedy() -> None:
    assert refusal("ltv: 0.8\n", "ltv: 0.85\n") == (
        "small.yaml:19: reserves.WETH.ltv: 0.85 is above liquidation_threshold 0.83; lower it"
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("ltv: 0.8\n", "ltv: 0.80005\n", "0.80005 is no multiple of 0.0001; use 0.8 or 0.8001"),
        ("ltv: 0.8\n", "ltv: 80\n", "80 is above the greatest possible 1; write a share of one"),
        ("ltv: 0.8\n", "ltv: -0.1\n", "-0.1 is below the least possible 0"),
        ("ltv: 0.8\n", "ltv: true\n", "true is no number"),
        ("ltv: 0.8\n", "ltv: yes\n", "true is no number"),
        ("ltv: 0.8\n", "ltv: .nan\n", "'.nan' is no number"),
        ("ltv: 0.8\n", "ltv: -.inf\n", "'-.inf' is no number"),
        ("ltv: 0.8\n", "ltv: 1e9999999\n", "'1e9999999' is no number"),
        ("ltv: 0.8\n", "ltv: 1e999\n", "more than 40 digits"),
        ("ltv: 0.8\n", "ltv: 1e-999\n", "more than 40 digits"),
        ("ltv: 0.8\n", 'ltv: "0.8"\n', "'0.8' is text; write the number without quotes"),
        ("ltv: 0.8\n", "ltv: 80%\n", "'80%' is no number"),
        ("ltv: 0.8\n", "ltv:\n", "nothing is no number"),
        ("ltv: 0.8\n", "ltv: [0.8]\n", "a list is no number"),
        ("kink: 0.9", "kink: 0.905", "0.905 is no multiple of 0.01; use 0.9 or 0.91"),
        ("kink: 0.9", "kink: 0", "0 is below the least possible 0.01"),
        ("base: 0.01", "base: 0.1024", "0.1024 is above the greatest possible 0.1023"),
        ("slope1: 0.025", "slope1: 0.0255", "use 0.025 or 0.026"),
        ("slope2: 0.8", "slope2: 10.24", "10.24 is above the greatest possible 10.23"),
        ("reserve_factor: 0.15", "reserve_factor: 0.155", "use 0.15 or 0.16"),
        ("liquidation_fee: 0.1", "liquidation_fee: 1.01", "1.01 is above"),
        ("floor: 0.025", "floor: 0.06", "liquidation_bonus.floor: 0.06 is above cap 0.05"),
        ("cap: 0.05}", "cap: 0.21}", "0.83 times (1 + bonus cap 0.21) is 1.0043"),
        ("target_health: 1.05", "target_health: 1", "1 is not above 1"),
        ("target_health: 1.05", "target_health: 6.6", "6.6 is above the greatest possible"),
        ("full_liquidation_health: 0.9", "full_liquidation_health: 1", "not between 0 and 1"),
        ("full_liquidation_health: 0.9", "full_liquidation_health: 0", "not between 0 and 1"),
        ("dust: 1000", "dust: 1000.5", "1000.5 is not whole; use 1000 or 1001"),
        ("write_off_below: 50", "write_off_below: 65536", "greatest possible 65535"),
        ("write_off_below: 50", "write_off_below: 1001", "1001 is above dust 1000"),
        ("    seed:", "    idle_cap: 1e11\n    seed:", "more than the chain can store"),
        ("    seed:", "    idle_cap: 1e-19\n    seed:", "more than 18 decimals; shorten it"),
        ("    seed:", "    idle_cap: all\n    seed:", "'all' is no cap"),
        ("    seed:", "    min_debt: 160.5\n    seed:", "use 100 or 200"),
        ("    seed:", "    min_debt: 21\n    seed:", "use 20 or 30"),
        ("    seed:", "    min_debt: -1\n    seed:", "-1 is below zero"),
        ("    seed:", "    min_debt: none\n    seed:", "'none' is no number"),
        ("    seed:", "    min_debt: 600\n    seed:", "600 is above borrow_cap 500"),
        ("supply_cap: 1_000", "supply_cap: 1_234", "1234 is not three digits (at most 511)"),
        ("supply_cap: 1_000", "supply_cap: 5_125", "use 5100 or 5200"),
        ("supply_cap: 1_000", "supply_cap: 1e30", "more than the chain can store"),
        ("supply_cap: 1_000", "supply_cap: -1", "-1 is below zero"),
        ("supply_cap: 1_000", "supply_cap: lots", "'lots' is no cap"),
        ("supply_cap: 1_000", "supply_cap: 0", "seed: 0.1 is above supply_cap 0"),
        ("seed: 0.1", "seed: 0", "0 is not above zero"),
        ("seed: 0.1", "seed: 1001", "1001 is above supply_cap 1000"),
        ("seed: 0.1", "seed: 0.0000000000000000001", "more than 18 decimals"),
        ("price: 3000", "price: 0", "0 is not above zero"),
        ("price: 3000", "price: 1.123456789", "use 1.12345678 or 1.12345679"),
        ("price: 3000", "price: 1e21", "more than a feed may answer"),
        ("decimals: 18", "decimals: 64", "greatest possible 63"),
        ("decimals: 18", "decimals: 56", "56 and the feed's 8 add up to more than 63"),
        ("decimals: 18", "decimals: 1.5", "1.5 is not whole; use 1 or 2"),
        ("max_age: 65m", "max_age: 65", "65 is no age"),
        ("max_age: 65m", "max_age: 0m", "0m is outside 1m to 65535m"),
        ("max_age: 65m", "max_age: 46d", "46d is outside 1m to 65535m"),
        ("borrowable: true", "borrowable: 1", "1 is neither true nor false"),
        (WETH, WETH.lower(), f"carries no checksum; if it is right, write {WETH}"),
        (WETH, WETH[:-1] + "3", "fails its checksum"),
        (WETH, WETH[:-1], "is no address"),
        (WETH, "0x" + "0" * 40, "the zero address is no contract"),
        ("{decimals: 8, ", f"{{address: {FEED.lower()}, decimals: 8, ", f"write {FEED}"),
        ("as_of: 2025-12-09", "as_of: yesterday", "'yesterday' is no date"),
        ("name: Small", "name: 7", "7 is no text"),
        ("chain_id: 1", "chain_id: 0", "0 is below the least possible 1"),
        ("block: 23975177\n", "", "block: is missing; add it"),
        ("    seed: 0.1\n", "", "reserves.WETH.seed: is missing; add it"),
        ("    ltv:", "    ltvs:", "ltvs: there is no such key; did you mean ltv?"),
        ("kink: 0.9", "knik: 0.9", "rates.knik: there is no such key; did you mean kink?"),
        ("block:", "blok:", "blok: there is no such key; did you mean block?"),
        ("block:", "name: Twice\nblock:", "name: the key stands here twice; remove one"),
        ("    ltv:", "    seed: 1\n    ltv:", "WETH.seed: the key stands here twice"),
        ("{floor: 0.025, cap: 0.05}", "0.05", "0.05 stands where a mapping belongs"),
        ("    ltv:", "    ? {a: b}\n    : 1\n    ltv:", "a key is no name"),
        ("source: this test", "source: *n", "*n is an alias; write the value out"),
    ],
)
def test_parse_market__a_wrong_value__is_refused_with_a_remedy(
    old: str, new: str, problem: str
) -> None:
    assert problem in refusal(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ltv: 0.8\n", "ltv: 0.83\n"),
        ("ltv: 0.8\n", "ltv: 0\n"),
        ("kink: 0.9", "kink: 1"),
        ("base: 0.01", "base: 0.1023"),
        ("slope2: 0.8", "slope2: 10.23"),
        ("reserve_factor: 0.15", "reserve_factor: 1"),
        ("floor: 0.025", "floor: 0.05"),
        ("cap: 0.05}", "cap: 0.2}"),
        ("target_health: 1.05", "target_health: 1.0001"),
        ("full_liquidation_health: 0.9", "full_liquidation_health: 0.9999"),
        ("write_off_below: 50", "write_off_below: 1000"),
        ("    seed:", "    idle_cap: none\n    seed:"),
        ("    seed:", "    idle_cap: 0\n    seed:"),
        ("    seed:", "    idle_cap: 1234.5678\n    seed:"),
        ("    seed:", "    min_debt: 0\n    seed:"),
        ("    seed:", "    min_debt: 150\n    seed:"),
        ("supply_cap: 1_000", "supply_cap: 5_110"),
        ("borrow_cap: 500", "borrow_cap: 2_000"),
        ("borrowable: true", "borrowable: false"),
        ("seed: 0.1", "seed: 1000"),
        ("price: 3000", "price: 0.00000001"),
        ("max_age: 65m", "max_age: 65535m"),
        ("{decimals: 8, ", f"{{address: {FEED}, decimals: 8, "),
        ("decimals: 18", "decimals: 6"),
    ],
)
def test_parse_market__a_value_at_its_edge__is_accepted(old: str, new: str) -> None:
    assert with_value(old, new).symbols == ("WETH",)


def test_parse_market__many_problems__are_all_named_in_the_order_of_the_file() -> None:
    text = SMALL.replace("dust: 1000", "dust: x").replace("kink: 0.9", "kink: 2")
    with pytest.raises(MarketError) as caught:
        parse(text.replace("chain_id: 1\n", "").replace("seed: 0.1", "sede: 0.1"))
    lines = [problem.split(": ")[0] for problem in caught.value.problems]
    paths = [problem.split(": ")[1] for problem in caught.value.problems]
    assert lines == [f"small.yaml:{n}" for n in (1, 10, 13, 26, 27)]
    assert paths == [
        "chain_id",
        "liquidation.dust",
        "reserves.WETH.seed",
        "reserves.WETH.rates.kink",
        "reserves.WETH.sede",
    ]


def test_parse_market__the_same_token_twice__is_refused_at_the_second() -> None:
    with pytest.raises(MarketError, match=r"reserves\.WETH2\.address: 0xC02.* is WETH's already"):
        parse(f"{SMALL}  WETH2:\n    address: {WETH}\n{RESERVE}")


def test_parse_market__two_tokens__are_accepted() -> None:
    assert parse(f"{SMALL}  USDC:\n    address: {USDC}\n{RESERVE}").symbols == ("WETH", "USDC")


def with_reserves(count: int) -> str:
    addresses = (to_checksum_address(f"0x{n:040x}") for n in range(1, count + 1))
    return HEAD + "".join(
        f"  T{n}:\n    address: '{address}'\n{RESERVE}" for n, address in enumerate(addresses)
    )


def test_parse_market__64_reserves__are_accepted() -> None:
    assert len(parse(with_reserves(64)).symbols) == 64


def test_parse_market__65_reserves__are_refused() -> None:
    with pytest.raises(
        MarketError, match=r"small\.yaml:13: reserves: 65 reserves are more than 64"
    ):
        parse(with_reserves(65))


def test_parse_market__no_reserve__is_refused() -> None:
    with pytest.raises(MarketError, match="the market has no reserve; add one"):
        parse(HEAD.replace("reserves:", "reserves: {}"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "bad.yaml: the file is empty"),
        ("# only a comment", "bad.yaml: the file is empty"),
        ("- a\n- b", "bad.yaml:1: a market is a mapping"),
        ("words", "bad.yaml:1: a market is a mapping"),
        ("a: 1\nb: [", "bad.yaml:2: this is no YAML"),
        ("a: 1\n\tb: 2", "bad.yaml:2: this is no YAML"),
        ("a: 1\n---\nb: 2", "bad.yaml:2: this is no YAML"),
        ("a: \x00", "bad.yaml: this is no YAML"),
        ("a: &x 1\nb: *x", "bad.yaml:2: *x is an alias; write the value out"),
        ("a: " + "[" * 5000 + "]" * 5000, "bad.yaml: values are nested too deep"),
    ],
)
def test_parse_market__no_market_at_all__is_refused(text: str, problem: str) -> None:
    with pytest.raises(MarketError) as caught:
        parse_market(text, source="bad.yaml")
    assert str(caught.value).startswith(problem)


@given(st.text(max_size=200))
def test_parse_market__any_text__is_refused_in_words(text: str) -> None:
    with pytest.raises(MarketError):
        parse(text)


@settings(max_examples=50)
@given(
    st.sampled_from([line for line in SMALL.splitlines() if not line.endswith(":")]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
)
def test_parse_market__any_value__is_accepted_or_refused_in_words(line: str, value: str) -> None:
    try:
        answer = parse(SMALL.replace(line, f"{line.split(':')[0]}: {value}")).symbols
    except MarketError as error:
        answer = error.problems
    assert answer == ("WETH",) or all(problem.startswith("small.yaml") for problem in answer)


def test_load_market__no_such_file__is_refused(tmp_path: Path) -> None:
    with pytest.raises(MarketError, match=r"none\.yaml: there is no such file; check the path"):
        load_market(tmp_path / "none.yaml")


def test_load_market__a_folder__is_refused(tmp_path: Path) -> None:
    with pytest.raises(MarketError, match="cannot be read"):
        load_market(tmp_path)


def test_load_market__no_utf8__is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(SMALL.replace("Small", "Kleinmärkte").encode("latin-1"))
    with pytest.raises(MarketError, match=r"latin\.yaml: the file is no UTF-8 text"):
        load_market(path)


def test_load_market__utf8__is_read(tmp_path: Path) -> None:
    path = tmp_path / "utf8.yaml"
    path.write_text(SMALL.replace("Small", "Kleinmärkte"), encoding="utf-8")
    assert load_market(path).name == "Kleinmärkte"


@given(st.fractions(max_denominator=10**6).map(lambda x: Fraction(int(x * 10**9), 10**9)))
def test_plain__any_decimal__reads_back_as_itself(number: Fraction) -> None:
    assert Fraction(plain(number)) == number


# ------------------------------------------------------------------------------- categories

CATEGORY = """\
categories:
  Pair:
    collaterals: [WETH]
    borrowables: [WETH]
    ltv: 0.9
    liquidation_threshold: 0.93
    liquidation_bonus: {floor: 0.01, cap: 0.02}
"""


def test_parse_market__a_category__is_what_the_engines_and_the_chain_get() -> None:
    market = parse(SMALL + CATEGORY)
    pair = market.categories["Pair"]
    assert (market.bitmap(pair.collaterals), pair.isolated) == (1, False)
    assert (pair.ltv_bps, pair.liquidation_threshold_bps) == (9_000, 9_300)
    assert market.reserve_params().by_category("threshold").tolist() == [[0.83], [0.93]]


def test_parse_market__no_categories__has_none() -> None:
    assert parse(SMALL).categories == {}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "collaterals: [WETH]",
            "collaterals: [USDC]",
            "there is no reserve USDC; use some of WETH",
        ),
        (
            "borrowables: [WETH]",
            "borrowables: [USDC]",
            "there is no reserve USDC; use some of WETH",
        ),
        ("collaterals: [WETH]", "collaterals: []", "collaterals: there is none; name an asset"),
        (
            "collaterals: [WETH]",
            "collaterals: WETH",
            "'WETH' is no list; write symbols in brackets",
        ),
        ("collaterals: [WETH]", "collaterals: [1]", "1 is no symbol"),
        ("collaterals: [WETH]", "collaterals: [WETH, WETH]", "WETH stands there twice"),
        (
            "ltv: 0.9\n",
            "ltv: 0.94\n",
            "Pair.ltv: 0.94 is above liquidation_threshold 0.93; lower it",
        ),
        ("cap: 0.02}", "cap: 0.08}", "0.93 times (1 + bonus cap 0.08) is 1.0044"),
        ("floor: 0.01", "floor: 0.03", "liquidation_bonus.floor: 0.03 is above cap 0.02"),
        (
            "ltv: 0.9\n",
            "ltv: 0\n    isolate: true\n",
            "isolate: there is no such key; did you mean isolated",
        ),
        ("  Pair:\n", "  Pair:\n    isolated: 1\n", "1 is neither true nor false"),
    ],
)
def test_parse_market__a_category_that_cannot_be__is_refused_with_a_remedy(
    old: str, new: str, problem: str
) -> None:
    assert CATEGORY.count(old) == 1
    with pytest.raises(MarketError) as caught:
        parse(SMALL + CATEGORY.replace(old, new))
    assert problem in str(caught.value)


def test_parse_market__a_category_without_threshold__is_refused() -> None:
    text = CATEGORY.replace("ltv: 0.9\n", "ltv: 0\n").replace("0.93", "0")
    with pytest.raises(MarketError, match="0 would secure nothing"):
        parse(SMALL + text)


def test_parse_market__a_category_that_lends_what_nobody_may_borrow__is_refused() -> None:
    with pytest.raises(MarketError, match=r"small\.yaml:32: .*WETH cannot be borrowed at all"):
        parse(SMALL.replace("borrowable: true", "borrowable: false") + CATEGORY)


# ------------------------------------------------------------- adaptive rates, periphery and roles

WEI = "0.000000000000000001"
ADAPTIVE = (
    "    adaptive_rates: {target: 0.9, steepness: 4, speed: 50, initial_rate: 0.04, "
    "min_rate: 0.001, max_rate: 5}\n"
)
GOVERNANCE = "0xA1A1a1a1A1A1A1A1A1a1a1a1a1a1A1A1a1A1a1a1"
GUARDIAN = "0xa2A2a2A2A2A2A2a2a2a2a2A2A2A2A2a2A2A2a2a2"
AROUND = f"""\
periphery:
  lens: true
  quote_lens: true
  flash_lender: true
  wrapped_supply: [WETH]
  native_gateway: WETH
  risk_steward:
    ramp: 14d
    ltv: {{up: 0.005, down: 0.01, period: 7d}}
    slope1: {{up: 0.002, down: 0, period: 1h}}
roles:
  governance: "{GOVERNANCE}"
  guardian: ["{GUARDIAN}"]
  bounds: ["{GUARDIAN}"]
"""
WHOLE = f"{SMALL}{ADAPTIVE}{AROUND}"


def refused(old: str, new: str) -> str:
    """What a reader says about the whole market with one piece of its text replaced."""
    assert WHOLE.count(old) == 1
    with pytest.raises(MarketError) as caught:
        parse(WHOLE.replace(old, new))
    return str(caught.value)


def test_adaptive_rates__decimal_text__become_wads() -> None:
    rates = parse(WHOLE).reserves["WETH"].adaptive_rates
    assert rates is not None
    milli = 10**15
    assert rates.wad == (
        900 * milli,
        4_000 * milli,
        50_000 * milli,
        40 * milli,
        milli,
        5_000 * milli,
    )


def test_adaptive_rates__any_that_are_accepted__are_curves_of_the_integer_twin() -> None:
    rates = parse(WHOLE).reserves["WETH"].adaptive_rates
    assert rates is not None
    target, steepness, speed, initial, least, most = rates.wad
    curve = AdaptiveCurve(
        target=target,
        steepness=steepness,
        speed=speed,
        initial_rate=initial,
        min_rate=least,
        max_rate=most,
    )
    assert curve.rate_at_target() == initial


def test_reserve_params__adaptive_rates__are_refused() -> None:
    with pytest.raises(MarketError, match=r"adaptive_rates belong to WETH; take them out"):
        parse(WHOLE).reserve_params()
    assert parse(WHOLE.replace(ADAPTIVE, "")).reserve_params().symbols == ("WETH",)


def test_parse_market__nothing_around_it__deploys_and_appoints_nothing() -> None:
    market = parse(SMALL)
    assert (market.around, market.wrapped, market.roles.given) == ((), (), False)


def test_parse_market__everything_around_it__is_what_the_deployment_gets() -> None:
    market = parse(WHOLE)
    assert market.wrapped == ("WETH",)
    assert market.around[-2:] == ("native gateway for WETH", "risk steward")
    assert market.roles.members == {"GUARDIAN": (GUARDIAN,), "BOUNDS": (GUARDIAN,)}
    assert market.roles.given


def test_wrapped_supply__all__is_every_reserve() -> None:
    text = WHOLE.replace("wrapped_supply: [WETH]", "wrapped_supply: all")
    more = f"  USDC:\n    address: {USDC}\n{RESERVE}periphery:\n"
    assert parse(text.replace("periphery:\n", more)).wrapped == ("WETH", "USDC")


def test_steward__bounds__are_in_the_steps_and_seconds_of_the_contract() -> None:
    steward = parse(WHOLE).periphery.risk_steward
    assert steward is not None
    assert steward.ramp == 14 * 1440
    assert {name: steward.stored(name) for name in steward.bounds} == {
        "ltv": (50, 100, 7 * 86_400),
        "slope1": (2, 0, 3_600),
    }


def test_roles__governance_alone__is_something_to_set_up() -> None:
    market = parse(f'{SMALL}roles: {{governance: "{GOVERNANCE}"}}\n')
    assert market.roles.given
    assert market.roles.members == {}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("target: 0.9", "target: 1", "WETH.adaptive_rates.target: 1 is not between 0 and 1"),
        ("target: 0.9", "target: 0", "WETH.adaptive_rates.target: 0 is not between 0 and 1"),
        ("steepness: 4", "steepness: 0.9", "0.9 is below the least possible 1"),
        ("speed: 50", "speed: 0", f"0 is below the least possible {WEI}"),
        ("speed: 50", "speed: 1001", "1001 is above the greatest possible 1000; lower it"),
        ("initial_rate: 0.04", "initial_rate: 6", "initial_rate: 6 is above max_rate 5; lower it"),
        ("min_rate: 0.001", "min_rate: 0.05", "0.05 is above initial_rate 0.04; lower it"),
        ("max_rate: 5", "max_rate: 5.1", "5.1 times steepness 4 is 20.4, more than the 20"),
        (", max_rate: 5", "", "adaptive_rates.max_rate: is missing; add it"),
        ("speed: 50", "sped: 50", "adaptive_rates.sped: there is no such key; did you mean speed?"),
        ("flash_lender:", "flash_lend:", "there is no such key; did you mean flash_lender?"),
        ("flash_lender: true", "flash_lender: 1", "1 is neither true nor false"),
        ("[WETH]", "[DAI]", "wrapped_supply: there is no reserve DAI; use some of WETH, or all"),
        ("[WETH]", "everything", "'everything' is no list"),
        ("native_gateway: WETH", "native_gateway: DAI", "there is no reserve DAI; use one of WETH"),
        ("    decimals: 18", "    decimals: 8", "WETH has 8 decimals, and what wraps"),
        ("ramp: 14d", "ramp: 23h", "23h is outside 1d to 365d; write one in between"),
        ("period: 7d", "period: 59m", "59m is outside 1h to 365d; write one in between"),
        ("period: 7d", "period: 7", "7 is no period; write minutes, hours or days"),
        ("up: 0.002", "up: 0.0005", "slope1.up: 0.0005 is no multiple of 0.001"),
        ("up: 0.005", "up: 1.1", "1.1 is above the greatest possible 1"),
        (
            "    ltv: {up",
            "    lvt: {up",
            "risk_steward.lvt: there is no such key; did you mean ltv?",
        ),
        ("  guardian:", "  gaurdian:", "there is no such key; did you mean guardian?"),
        (f'["{GUARDIAN}"]\n  b', f'"{GUARDIAN}"\n  b', "is no list; write addresses in brackets"),
        (f'guardian: ["{GUARDIAN}"', "guardian: [0", "guardian.0: 0 is no address"),
        (f'guardian: ["{GUARDIAN}"', f'guardian: ["{"0x" + "0" * 40}"', "is nobody; write the"),
        (f'guardian: ["{GUARDIAN}"', f'guardian: ["{GUARDIAN.lower()}"', "carries no checksum"),
        (f'guardian: ["{GUARDIAN}"', f'guardian: ["{WETH}"', "guardian.0: 0xC02"),
        (
            f'guardian: ["{GUARDIAN}"',
            f'guardian: ["{GUARDIAN}", "{GUARDIAN}"',
            "roles.guardian: 0xa2A2a2A2A2A2A2a2a2a2a2A2A2A2A2a2A2A2a2a2 stands there twice",
        ),
        (
            f'governance: "{GOVERNANCE}"',
            f'governance: "0x{"0" * 40}"',
            "the zero address is nobody",
        ),
        (f'governance: "{GOVERNANCE}"', f'governance: "{WETH}"', "is the token of WETH; write who"),
    ],
)
def test_parse_market__a_wrong_value_around_it__is_refused_with_a_remedy(
    old: str, new: str, problem: str
) -> None:
    assert problem in refused(old, new)


def test_parse_market__a_wrong_member__is_named_with_his_line() -> None:
    text = WHOLE.replace(
        f'guardian: ["{GUARDIAN}"]', f'guardian:\n    - "{GUARDIAN}"\n    - nobody'
    )
    with pytest.raises(MarketError) as caught:
        parse(text)
    line = text.splitlines().index("    - nobody") + 1
    assert str(caught.value).startswith(
        f"small.yaml:{line}: roles.guardian.1: 'nobody' is no address"
    )


def test_parse_market__a_keeper_without_a_steward__is_refused() -> None:
    head, tail = WHOLE.split("  risk_steward:\n")
    text = head + "roles:\n" + tail.split("roles:\n")[1]
    with pytest.raises(MarketError, match=r"roles\.bounds: there is no risk steward; add"):
        parse(text)
    assert parse(text.replace("  bounds:", "  treasury:")).roles.given


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("target: 0.9", f"target: {WEI}"),
        ("speed: 50", "speed: 1000"),
        ("min_rate: 0.001", f"min_rate: {WEI}"),
        ("min_rate: 0.001", "min_rate: 0.04"),
        ("period: 7d", "period: 365d"),
        ("ramp: 14d", "ramp: 1d"),
        ("up: 0.005", "up: 1"),
    ],
)
def test_parse_market__a_value_around_it_at_its_edge__is_accepted(old: str, new: str) -> None:
    assert parse(WHOLE.replace(old, new)).symbols == ("WETH",)


# ------------------------------------------------------------------------------- composed feeds

OTHER = "0x8fFfFfd4AfB6115b954Bd326cbe7B4BA576818f6"
PLAIN_FEED = "    feed: {decimals: 8, max_age: 65m}\n"


def fed(feed: str, cautious: str = "", price: str = "3000") -> Market:
    """The small market with a feed, and a cautious one, in YAML's short form."""
    lines = f"    feed: {{decimals: 8, max_age: 65m, {feed}}}\n"
    if cautious:
        lines += f"    cautious_feed: {cautious}\n"
    return parse(SMALL.replace(PLAIN_FEED, lines).replace("price: 3000", f"price: {price}"))


def main_node(market: Market) -> Node:
    return market.reserves["WETH"].nodes("WETH")[0]


def cautious_node(market: Market) -> Node:
    node = market.reserves["WETH"].nodes("WETH")[1]
    assert node is not None
    return node


A, B = f'"{FEED}"', f'"{OTHER}"'
RATE = f'rate: {{address: "{WETH}", function: getRate}}'
FALLBACK = f"fallback: {{primary: {A}, backup: {{address: {B}, max_age: 2d}}, deviation: 0.02}}"
AVERAGE = "{moving_average: {source: feed, window: 30m, max_gap: 10m}}"
SEQUENCER = f"{{sequencer: {{source: feed, uptime: {B}, grace: 1h}}}}"
SOUND = {
    "product": (f"product: [{A}, {{address: {B}, decimals: 18}}]", ()),
    "quotient": (f"quotient: [{A}, {B}]", ()),
    "growth_capped": (
        f"growth_capped: {{source: {A}, {RATE}, yearly: 0.09, decline: 0.5}}",
        (WETH, "getRate()", 0, 18, 9 * 10**16, 5 * 10**17),
    ),
    "capped": (f"capped: {{source: {A}, at: 4000}}", (400_000_000_000,)),
    "bounded": (f"bounded: {{source: {A}, lowest: 3000, highest: 3000}}", (3 * 10**11,) * 2),
    "fallback": (FALLBACK, (3_900, 2 * 10**16)),
}


@pytest.mark.parametrize("kind", SOUND)
def test_feed__an_adapter__has_what_its_contract_is_made_with(kind: str) -> None:
    text, settings = SOUND[kind]
    node = main_node(fed(text))
    assert (node.kind, node.decimals) == (kind, 8)
    assert tuple(value for _, value in node.settings) == settings
    assert [source.address for source, _ in node.sources] == [FEED, OTHER][: len(node.sources)]


def test_feed__a_source_without_an_age__has_that_of_what_it_is_part_of() -> None:
    text = f"product: [{{bounded: {{source: {A}, lowest: 1, highest: 9}}, max_age: 10m}}, {B}]"
    node = main_node(fed(text))
    (bounded, own), (_, outer) = node.sources
    assert (own, outer, bounded.sources[0][1]) == (600, 3_900, 600)


def test_feed__a_vault__is_asked_for_eighteen_digits() -> None:
    vault = f'rate: {{vault: "{WETH}", share_decimals: 8, asset_decimals: 6}}'
    node = main_node(fed(f"growth_capped: {{source: {A}, {vault}, yearly: 0.1}}"))
    assert node["signature"] == "convertToAssets(uint256)"
    assert (node["unit"], node["rate_decimals"]) == (10**20, 18)


@pytest.mark.parametrize("text", [AVERAGE, SEQUENCER])
def test_cautious_feed__over_the_own_feed__is_made_of_it(text: str) -> None:
    market = fed(f"address: {A}", text)
    node = cautious_node(market)
    assert node.sources == ((main_node(market), 3_900),)
    assert market.adapters == (node,)


def test_adapters__what_is_written_twice__is_one() -> None:
    bounded = f"bounded: {{source: {A}, lowest: 1, highest: 9}}"
    market = fed(f"product: [{{{bounded}}}, {{{bounded}}}]")
    assert [n.kind for n in market.adapters] == ["bounded", "product"]


def test_adapters__an_age_that_differs__makes_another() -> None:
    bounded = f"bounded: {{source: {A}, lowest: 1, highest: 9}}"
    market = fed(f"product: [{{{bounded}}}, {{{bounded}, max_age: 10m}}]")
    assert [n.kind for n in market.adapters] == ["bounded", "bounded", "product"]


@pytest.mark.parametrize(
    ("feed", "problem"),
    [
        (f"product: [{A}]", "feed.product.1: is missing; add it"),
        (f"product: [{A}, {A}, {B}]", "feed.product: two feeds belong here, as a list"),
        ("product: 5", "feed.product: two feeds belong here, as a list"),
        (
            f"address: {A}, product: [{A}, {B}]",
            "feed.product: address says already where the price comes",
        ),
        (f"product: [{A}, {{}}]", "feed.product.1: a feed is one of address, product,"),
        (f"product: [{A}, {{produkt: 1}}]", "there is no such key; did you mean product?"),
        (f"product: [{A}, nowhere]", "feed.product.1.address: 'nowhere' is no address"),
        (f"product: [{A}, feed]", "`feed` stands for the reserve's own, in its cautious_feed only"),
        (
            f"product: [{A}, {{address: {B}, max_age: 2h}}]",
            "product.1.max_age: 120m is above the 65m of what it is part of",
        ),
        (f"capped: {{source: {A}, at: 0}}", "feed.capped.at: 0 is not above zero"),
        (f"capped: {{source: {A}, at: 1.000000001}}", "more than the feed's 8 decimals"),
        (f"capped: {{source: {{address: {A}, decimals: 18}}, at: 1}}", "8 are not the 18 of what"),
        (f"bounded: {{source: {A}, lowest: 9, highest: 8}}", "bounded.lowest: 9 is above highest"),
        (
            f"bounded: {{source: {A}, lowest: 1, highest: 2999}}",
            "price: 3000 is outside its feed's bounds, so that there would be no price",
        ),
        (
            f"capped: {{source: {A}, at: 2700}}",
            "price: 3000 is more than a tenth above its feed's cap",
        ),
        (FALLBACK.replace("0.02", "1"), "deviation: 1 is not between 0 and 1"),
        (FALLBACK.replace("0.02", "0.02, alone_max_age: 2h"), "alone_max_age: 120m is above the"),
        (
            f"fallback: {{primary: {{{FALLBACK}}}, backup: {B}, deviation: 0.1}}",
            "fallback.primary: a fallback inside another can no longer fall back",
        ),
        (SOUND["growth_capped"][0].replace("0.09", "1.1"), "1.1 is above the greatest possible 1"),
        (SOUND["growth_capped"][0].replace("getRate", "get Rate"), "'get Rate' is no function"),
        (
            SOUND["growth_capped"][0].replace("getRate", "getRate(uint256)"),
            "rate.amount: belongs to a function of one argument",
        ),
        (
            SOUND["growth_capped"][0].replace("{address", f'{{vault: "{USDC}", address'),
            "rate.vault: a rate is read from a vault or from an address; write one of them",
        ),
        (
            SOUND["growth_capped"][0].replace("function: getRate", "share_decimals: 6"),
            "rate.share_decimals: does not belong to a rate of address",
        ),
        (AVERAGE.strip("{}") + "}", "`feed` stands for the reserve's own"),
        (
            f"moving_average: {{source: {A}, window: 30m, max_gap: 10m}}",
            "moving_average in the feed that they go by could stop liquidations; put it into cautious",
        ),
        (SEQUENCER[1:-1].replace("feed", A), "sequencer in the feed that they go by could stop"),
    ],
)
def test_feed__one_that_cannot_be__is_refused_with_a_remedy(feed: str, problem: str) -> None:
    with pytest.raises(MarketError) as caught:
        fed(feed)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("lowest", "highest", "problems"),
    [
        (9, 8, ["feed.bounded.lowest: 9 is above highest; lower it"]),
        ("9e3", 8, ["feed.bounded.lowest: 9000 is above highest; lower it"]),
        (
            1,
            8,
            [
                "price: 3000 is outside its feed's bounds, so that there would be no price; widen them"
            ],
        ),
    ],
)
def test_feed__bounds_that_cannot_be__are_one_problem(
    lowest: object, highest: object, problems: list[str]
) -> None:
    with pytest.raises(MarketError) as caught:
        fed(f"bounded: {{source: {A}, lowest: {lowest}, highest: {highest}}}")
    assert [p.split("WETH.")[1] for p in caught.value.problems] == problems


def test_feed__a_rates_function_with_or_without_brackets__is_the_same() -> None:
    text = SOUND["growth_capped"][0]
    plain, bracketed = (
        main_node(fed(text.replace("getRate", f))) for f in ("getRate", '"getRate()"')
    )
    assert bracketed == plain
    assert plain["signature"] == "getRate()"


@pytest.mark.parametrize(
    ("cautious", "problem"),
    [
        ("feed", "cautious_feed: is the reserve's own feed; leave it out"),
        (A, "cautious_feed: is the reserve's own feed; leave it out"),
        (
            AVERAGE.replace("10m", "40m"),
            "max_gap: 40m is not shorter than the window of 30m, and leaves nothing of it; lower it",
        ),
        (AVERAGE.replace("30m", "31d"), "window: 31d is outside 1m to 30d"),
        (SEQUENCER.replace("1h", "25h"), "grace: 25h is outside 1m to 1d"),
        (f"{{address: {B}, max_age: 1h}}", "cautious_feed.max_age: is that of the reserve"),
        (f"{{address: {B}, decimals: 18}}", "cautious_feed.decimals: 18 are not the feed's 8"),
    ],
)
def test_cautious_feed__one_that_cannot_be__is_refused_with_a_remedy(
    cautious: str, problem: str
) -> None:
    with pytest.raises(MarketError) as caught:
        fed(f"address: {A}", cautious)
    assert problem in str(caught.value)


@pytest.mark.parametrize(("depth", "sound"), [(6, True), (7, False), (100, False)])
def test_feed__adapters_inside_each_other__have_a_limit(depth: int, sound: bool) -> None:
    text = f"capped: {{source: {A}, at: 9000}}"
    for _ in range(depth - 1):
        text = f"capped: {{source: {{{text}}}, at: 9000}}"
    if sound:
        assert len(fed(text).adapters) == depth
        return
    with pytest.raises(MarketError, match=r"more than 6 adapters inside each other|too deep"):
        fed(text)


def test_feed__a_wrong_value_deep_inside__is_named_with_its_line() -> None:
    lines = f"""\
    feed:
      decimals: 8
      max_age: 65m
      product:
        - {A}
        - capped:
            source: {B}
            at: much
"""
    text = SMALL.replace(PLAIN_FEED, lines)
    with pytest.raises(MarketError) as caught:
        parse(text)
    line = text.splitlines().index("            at: much") + 1
    assert str(caught.value).startswith(
        f"small.yaml:{line}: reserves.WETH.feed.product.1.capped.at: 'much' is no number"
    )


def test_prices_within__a_product__leaves_the_files_price_to_the_part_that_nobody_knows() -> None:
    node = main_node(fed(f"product: [{{address: {A}, price: 1.5}}, {B}]"))
    found = prices_within(node, Fraction(3_000), {})
    assert [found[source] for source, _ in node.sources] == [Fraction(3, 2), 2_000]


def test_prices_within__a_known_price__decides_the_rate() -> None:
    node = main_node(fed(SOUND["growth_capped"][0]))
    found = prices_within(node, Fraction(3_000), {FEED: Fraction(2_500)})
    assert rate_within(node, found) == Fraction(6, 5)


# ------------------------------------------------------------------- insurers, rules, and vaults

VAULT = f'{{name: V, symbol: v, cap: 10, fee_recipient: "{GUARDIAN}"}}'


def test_parse_market__more_around_it__is_what_the_deployment_gets() -> None:
    text = SMALL.replace("    seed:", "    insurer: {cooldown: 10d, window: 2d}\n    seed:")
    text += f"""\
periphery:
  flash_liquidator: true
  uniswap_v3: {{router: "{OTHER}", deadline: false}}
  deleverage_orders: true
  curated_vaults: {{WETH: {VAULT}}}
"""
    assert parse(text).around == (
        "flash liquidator",
        "Uniswap v3 venue",
        "deleverage orders",
        "curated vaults of WETH",
        "insurance vaults of WETH",
    )


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("target_health", None),
        ("close_factor", "close_factor"),
        ("{close_factor: {full_health: 0.9, min_side: 0}}", "close_factor"),
        ("fixed_incentive", "fixed_incentive"),
        ("{fixed_incentive: }", "fixed_incentive"),
        ("{dutch_auction: {duration: 20m, lifetime: 1d}}", "dutch_auction"),
    ],
)
def test_liquidation__a_model__is_the_one_named(model: str, name: str | None) -> None:
    market = with_value("write_off_below: 50\n", f"write_off_below: 50\n  model: {model}\n")
    assert market.liquidation.model.name == name


def test_liquidation_terms__another_rule__are_refused() -> None:
    text = "write_off_below: 50\n"
    with pytest.raises(MarketError, match="know the target-health rule only"):
        with_value(text, f"{text}  model: fixed_incentive\n").liquidation_terms()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("below: 50\n", "below: 50\n  model: dutch\n", "'dutch' is no model; use target_health or"),
        (
            "below: 50\n",
            "below: 50\n  model: {dutch_aucton: {duration: 20m, lifetime: 1h}}\n",
            "model.dutch_aucton: there is no such key; did you mean dutch_auction?",
        ),
        (
            "below: 50\n",
            "below: 50\n  model: {vickrey: {}}\n",
            "model.vickrey: there is no such key; use one of close_factor, fixed_incentive, dutch_auction",
        ),
        (
            "below: 50\n",
            "below: 50\n  model: {target_health: {}}\n",
            "model: target_health has no settings here; write model: target_health, or nothing",
        ),
        (
            "below: 50\n",
            "below: 50\n  model: {fixed_incentive: {bonus: 0.05}}\n",
            "fixed_incentive.bonus: there is no such key; fixed_incentive has no settings; leave it out",
        ),
        (
            "below: 50\n",
            "below: 50\n  model: dutch_auction\n",
            "dutch_auction.duration: is missing",
        ),
        (
            "below: 50\n",
            "below: 50\n  model: {dutch_auction: {duration: 2h, lifetime: 1h}}\n",
            "lifetime: an auction lasts at least while its bonus rises",
        ),
        (
            "below: 50\n",
            "below: 50\n  model: {close_factor: {}, fixed_incentive: {}}\n",
            "fixed_incentive: close_factor is the model already; remove one",
        ),
        (
            "below: 50\n",
            "below: 50\n  model: {close_factor: {full_health: 1}}\n",
            "full_health: 1 is not below 1",
        ),
        ("    seed:", "    insurer: {cooldown: 23h, window: 2h}\n    seed:", "23h is outside 1d"),
        (
            "    seed:",
            "    insurer: {cooldown: 1d, window: 25h}\n    seed:",
            "insurer.window: is longer than the cooldown",
        ),
        (
            "    seed: 0.1\n",
            f"    seed: 0.1\nperiphery: {{curated_vaults: {{DAI: {VAULT}}}}}\n",
            "curated_vaults.DAI: there is no reserve DAI",
        ),
        (
            "    seed: 0.1\n",
            "    seed: 0.1\nperiphery: {curated_vaults: {WETH: "
            + VAULT.replace("cap: 10", "cap: 1e-19")
            + "}}\n",
            "curated_vaults.WETH.cap: 0.0000000000000000001 is no amount of WETH",
        ),
        (
            "    seed: 0.1\n",
            f'    seed: 0.1\nroles: {{curator: ["{GUARDIAN}"]}}\n',
            "roles.curator: there is no curated vault; add curated_vaults to periphery",
        ),
        (
            "    seed: 0.1\n",
            '    seed: 0.1\nperiphery: {uniswap_v3: {router: "0x12"}}\n',
            "uniswap_v3.router: '0x12' is no address",
        ),
    ],
)
def test_parse_market__a_wrong_rule_insurer_or_vault__is_refused_with_a_remedy(
    old: str, new: str, problem: str
) -> None:
    assert problem in refusal(old, new)


def test_bare__a_market_with_everything__has_one_feed_each_and_nothing_around() -> None:
    market = fed(f"product: [{A}, {B}]", AVERAGE).bare()
    assert (market.adapters, market.around) == ((), ())
    assert market.reserves["WETH"].price_raw == 3_000 * 10**8
