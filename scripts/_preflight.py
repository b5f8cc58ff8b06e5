"""What is refused before anything is sent, because it could only fail, or be regretted, later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from scripts._chain import Chain
from scripts._contracts import DeployError, selector
from scripts._feeds import off
from scripts._forecast import NoPriceError, calls_of, forecast, require_vaults
from scripts._plan import listing_key
from scripts._steps import Step, gas_of
from sims.feeds import Node
from sims.fork.rpc import Call, RpcError
from sims.fork.weir import BALANCE_OF, DECIMALS, read_symbols
from sims.market import Market, Reserve, UniswapV3, plain

MAX_STEP = Fraction(1, 10)
"""The furthest that a cautious feed may be from the first, of the first."""
SWAPS = {
    True: "exactInput((bytes,address,uint256,uint256,uint256))",
    False: "exactInput((bytes,address,uint256,uint256))",
}
"""What a router is asked for, by whether its calls carry a deadline."""
DELEGATED = "0xef0100"
"""What the code of an account begins with that lets a contract act for it (EIP-7702): one key rules it."""


def require_deployable(market: Market, chain: Chain, *, mocks: bool) -> None:
    """Refuses, before anything is sent, what could only fail later."""
    if mocks and chain.has_real_money:
        raise DeployError(
            f"Mock tokens have no place on {chain.name} (chain {chain.chain_id}): use a test "
            "network, a fork or a local chain, or leave --mocks out."
        )
    # A fork stands for the chain behind it; mocks on a chain of one's own stand for any.
    if market.chain_id != chain.chain_id and (chain.is_fork or not mocks):
        raise DeployError(
            f"{market.name} is a market for chain {market.chain_id} and {chain.name} is "
            f"{'a fork that calls itself ' if chain.is_fork else ''}chain {chain.chain_id}: choose "
            "the network it was written for, or --mocks on a local chain or a test network."
        )
    if mocks:
        return
    missing = [s for s, r in market.reserves.items() if not r.feed.kinds]
    if missing:
        raise DeployError(
            f"No feed for {', '.join(missing)} in {market.name}: write its address into the market file, "
            "or of which feeds it shall be made."
        )
    addresses = _relied_on(market)
    codes = chain.rpc.batch([("eth_getCode", (a, "latest")) for a in addresses.values()])
    for (what, address), code in zip(addresses.items(), codes, strict=True):
        if code == "0x":
            raise DeployError(
                f"There is no contract at {address}, {what}, on {chain.name}: correct the market file."
            )


def _relied_on(market: Market) -> dict[str, str]:
    """Addresses of the file at which a contract has to be, by what it is."""
    found = {}
    for symbol, r in market.reserves.items():
        found[f"the token of {symbol}"] = r.address
        main, cautious = r.nodes(symbol)
        if main.is_there:
            found[f"the feed of {symbol}"] = main.address
        for node in (n for tree in (main, cautious) if tree for n in tree.walk()):
            if node.kind == "growth_capped":
                found[f"where the feed of {symbol} reads {node['signature']}"] = node["target"]
            elif node.kind == "sequencer":
                found[f"the uptime feed of {symbol}"] = node["uptime"]
            elif node.is_there and node is not main:
                found[f"{node.address} in a feed of {symbol}"] = node.address
    if market.periphery.uniswap_v3 is not None:
        found["periphery.uniswap_v3.router"] = market.periphery.uniswap_v3.router
    return found


def require_ready(
    market: Market, left: Sequence[Step], chain: Chain, deployer: str, *, mocks: bool
) -> None:
    """Refuses what the steps that are left could only stumble over."""
    require_funds(left, chain, deployer)
    if mocks:
        return
    reserves = to_list(market, left)
    require_as_described(reserves, chain)
    require_seeds(reserves, chain, deployer)
    venue = market.periphery.uniswap_v3
    if venue is not None:
        require_router(venue, chain)
    native = market.periphery.native_gateway
    if native is not None:
        require_wrapper(native, market.reserves[native].address, chain, deployer)


def require_funds(plan: Sequence[Step], chain: Chain, deployer: str) -> None:
    """Refuses a deployer who cannot pay for the whole plan at the present gas price."""
    price = int(chain.rpc.request("eth_gasPrice"), 16)
    need = price * gas_of(plan)
    have = int(chain.rpc.request("eth_getBalance", deployer, "latest"), 16)
    if have < need:
        raise DeployError(
            f"The deployer {deployer} has {have / 1e18:.4f} ETH on {chain.name} and the deployment "
            f"may take {need / 1e18:.4f}: fund the account and run the same command again."
        )


def to_list(market: Market, plan: Sequence[Step]) -> dict[str, Reserve]:
    """The reserves that a plan, or what is left of one, opens."""
    keys = {step.key for step in plan}
    return {s: r for s, r in market.reserves.items() if listing_key(s) in keys}


def require_wrapper(native: str, token: str, chain: Chain, deployer: str) -> None:
    """Refuses a native gateway for a token that does not wrap the chain's own currency."""
    for signature, arguments in (("deposit()", ""), ("withdraw(uint256)", "00" * 32)):
        call = {"from": deployer, "to": token, "data": f"0x{selector(signature).hex()}{arguments}"}
        (answer,) = chain.rpc.batch([("eth_call", (call, "latest"))], strict=False)
        if isinstance(answer, RpcError):
            raise DeployError(
                f"The token of {native} has no {signature}, so that it wraps nothing: name another "
                "reserve as periphery.native_gateway, or none."
            )


def require_router(venue: UniswapV3, chain: Chain) -> None:
    """Refuses a router that does not know the calls that its venue will make."""
    code = bytes.fromhex(chain.rpc.request("eth_getCode", venue.router, "latest")[2:])
    knows = {kind: selector(signature) in code for kind, signature in SWAPS.items()}
    if knows[venue.deadline]:
        return
    other = not venue.deadline
    remedy = (
        f"write periphery.uniswap_v3.deadline: {str(other).lower()}"
        if knows[other]
        else "write the address of SwapRouter or of SwapRouter02"
    )
    raise DeployError(f"The router at {venue.router} has no {SWAPS[venue.deadline]}: {remedy}.")


def require_people(
    market: Market, chain: Chain, deployer: str, *, keep_administrator: bool, allow_key: bool
) -> None:
    """Refuses members and a governance that can only be a mistake, or that nobody has asked for.

    Parameters
    ----------
    keep_administrator : the governance may be the deployer.
    allow_key : the governance may be an account without code.
    """
    from ape import accounts

    roles = market.roles
    if not chain.is_development:
        known = {a.address for a in accounts.test_accounts}
        people = (m for members in roles.members.values() for m in members)
        public = next((p for p in (roles.governance, *people) if p in known), None)
        if public is not None:
            raise DeployError(
                f"Everybody knows the key of {public}, a test account: give its roles to others."
            )
    governance = roles.governance
    if governance is None:
        return
    if governance == deployer:
        if not keep_administrator:
            raise DeployError(
                f"The governance {governance} is the deployer himself, who would hand over to nobody: "
                "write another into the market file, or say --governance-is-deployer."
            )
        return
    code = chain.rpc.request("eth_getCode", governance, "latest")
    is_key = code == "0x" or code.startswith(DELEGATED)
    if is_key and not (allow_key or chain.is_development):
        raise DeployError(
            f"The governance {governance} has no code on {chain.name}, so that whoever has its key "
            "rules the market alone, and nobody does if it is mistyped: name a multisig or a "
            "governor, or say --governance-is-key."
        )


def require_as_described(reserves: Mapping[str, Reserve], chain: Chain) -> None:
    """Refuses tokens and feeds that are others than the market file says; what is wrong here would be
    found, if at all, when everything is on the chain."""
    head = chain.rpc.block()
    block, now = int(head["number"], 16), int(head["timestamp"], 16)
    tokens = [r.address for r in reserves.values()]
    decimals = chain.rpc.try_read([Call(t, DECIMALS) for t in tokens], block=block)
    symbols = read_symbols(chain.rpc, tokens, block=block)
    wrong: list[str] = []
    for i, (symbol, r) in enumerate(reserves.items()):
        if symbols[i] != symbol:
            wrong.append(f"the token of {symbol} calls itself {symbols[i]}")
        said = decimals[i]
        if isinstance(said, RpcError) or said[0] != r.decimals:
            wrong.append(f"the token of {symbol} has {_said(said)} decimals, not {r.decimals}")
        wrong += _feeds_as_described(symbol, r, chain, block=block, now=now)
    if wrong:
        raise DeployError(f"{chain.name} is not what the market file says: {'; '.join(wrong)}.")


def _feeds_as_described(
    symbol: str, r: Reserve, chain: Chain, *, block: int, now: int
) -> Iterator[str]:
    main, cautious = r.nodes(symbol)
    trees = {f"the feed of {symbol}": main}
    if cautious is not None:
        trees[f"the cautious feed of {symbol}"] = cautious
    found: dict[str, int] = {}
    for name, tree in trees.items():
        wrong = [*_decimals_as_described(name, tree, chain, block=block)]
        wrong += require_vaults(tree, chain.rpc, block=block)
        yield from wrong
        if wrong:
            continue
        calls = [*dict.fromkeys(calls_of(tree))]
        told = dict(zip(calls, chain.rpc.try_read(calls, block=block), strict=True))
        try:
            found[name], _ = forecast(tree, told, now=now, max_age=r.feed.max_age_s)
        except NoPriceError as reason:
            yield f"{name} gives no fresh price" + ("" if tree.is_there else f" ({reason})")
        else:
            yield from off(f"{name} says", found[name], r.price_raw, tree.decimals)
    if len(found) == 2:
        first, second = found.values()
        if abs(first - second) > first * MAX_STEP:
            yield f"the feeds of {symbol} are more than {plain(MAX_STEP * 100)} % apart"


def _decimals_as_described(name: str, tree: Node, chain: Chain, *, block: int) -> Iterator[str]:
    leaves = [n for n in tree.walk() if n.is_there]
    calls = [Call(n.address, DECIMALS) for n in leaves]
    for node, said in zip(leaves, chain.rpc.try_read(calls, block=block), strict=True):
        if isinstance(said, RpcError) or said[0] != node.decimals:
            what = name if node is tree else f"{node.address} in {name}"
            yield f"{what} has {_said(said)} decimals, not {node.decimals}"


def _said(answer: tuple[Any, ...] | RpcError) -> Any:
    return "no" if isinstance(answer, RpcError) else answer[0]


def require_seeds(reserves: Mapping[str, Reserve], chain: Chain, deployer: str) -> None:
    """Refuses a deployer without the tokens to open the reserves with; a fork gives them away."""
    for symbol, r in reserves.items():
        if chain.is_fork:
            chain.rpc.request("anvil_dealERC20", deployer, r.address, hex(r.seed_raw))
        have = _token_balance(chain, r.address, deployer)
        if have < r.seed_raw:
            raise DeployError(
                f"The deployer {deployer} holds {have / 10**r.decimals:g} {symbol} and the seed is "
                f"{plain(r.seed)}: send it the rest and run the same command again."
            )


def _token_balance(chain: Chain, token: str, account: str) -> int:
    block = int(chain.rpc.block()["number"], 16)
    (answer,) = chain.rpc.try_read([Call(token, BALANCE_OF, (account,))], block=block)
    return 0 if isinstance(answer, RpcError) else int(answer[0])
