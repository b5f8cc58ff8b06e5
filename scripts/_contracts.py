"""The compiled contracts: their types, what lives at an address, and their errors by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from scripts._chain import first_line, node_errors

KINDS = (
    "IPool",
    "Configurator",
    "Authority",
    "RiskSteward",
    "AdaptiveRateModel",
    "CuratedVault",
    "InsuranceVault",
    "DutchAuctionModel",
    "CloseFactorModel",
    "BoundedFeed",
    "CappedFeed",
    "FallbackFeed",
    "GrowthCappedFeed",
    "MovingAverageFeed",
    "ProductFeed",
    "SequencerFeed",
)
"""Whose errors may arrive through another contract."""


Fact = tuple[str, Any, Any]
"""A name, what is on the chain, what should be there."""


class DeployError(RuntimeError):
    """Why a market cannot be deployed, in one sentence."""


def container(kind: str) -> Any:
    """A contract type of the project."""
    from ape import project

    found = project.get_contract(kind)
    if found is None:
        raise DeployError(f"{kind} is not compiled: run `make compile`.")
    return found


def at(kind: str, address: str) -> Any:
    """The contract of this type at an address."""
    from ape.contracts import ContractInstance

    # Ape's own `at` would mix in what it saw at this address before, which it keeps on disk: another
    # contract, on a chain that begins anew.
    return ContractInstance(address, container(kind).contract_type)


def made_with(kind: str, address: str, arguments: Sequence[Any], **also: Any) -> Iterator[Fact]:
    """What a contract says it was made with, by its constructor's arguments: each has a view of its name.

    Parameters
    ----------
    also : other views and what they should say.
    """
    contract = at(kind, address)
    inputs = container(kind).contract_type.constructor.inputs
    wanted: dict[str, Any] = {}
    for given, value in zip(inputs, arguments, strict=True):
        name = given.name.rstrip("_")
        if given.components:
            parts = (f"{name}{part.name.capitalize()}" for part in given.components)
            wanted |= dict(zip(parts, value, strict=True))
        else:
            wanted[name] = value
    for name, value in (wanted | also).items():
        if not hasattr(contract, name):
            continue  # of no use to anybody but the constructor
        is_ = asked(contract, name)
        yield name, bytes(is_) if isinstance(is_, bytes) else is_, value


def asked(contract: Any, name: str, *arguments: Any) -> Any:
    """What a view answers; words where another contract lives there."""
    from ape.exceptions import ApeException

    try:
        return getattr(contract, name)(*arguments, skip_trace=True)
    except (ApeException, *node_errors()):
        return "no answer"


def differences_of(facts: Iterable[Fact]) -> list[str]:
    """Whatever is not as it should be, in words."""
    return [f"{name} is {is_}, not {wanted}" for name, is_, wanted in facts if is_ != wanted]


def creation_code(kind: str) -> bytes:
    """What is sent to create one, before the arguments."""
    return bytes(container(kind).contract_type.get_deployment_bytecode() or b"")


def selector(signature: str) -> bytes:
    """The first four bytes of the signature's hash."""
    return bytes(keccak(text=signature)[:4])


def error_names(*kinds: str) -> dict[bytes, str]:
    """The errors of contract types, by their selectors."""
    return {
        selector(abi.selector): str(abi.name)
        for kind in kinds
        for abi in container(kind).contract_type.errors
    }


def checksummed(address: str | None) -> str | None:
    """An address as people write it."""
    return to_checksum_address(address) if address else None


def explain(error: Exception) -> str:
    """What an error of Ape says, with the contracts' own errors by name."""
    from ape.exceptions import CustomError

    if isinstance(error, CustomError):
        arguments = ", ".join(f"{name}={value}" for name, value in error.inputs.items())
        return f"{error.name}({arguments})"
    text = first_line(error)
    # An error that another contract passed on arrives as its selector.
    known = {"0x" + key.hex(): name for key, name in error_names(*KINDS).items()}
    return known.get(text[:10], text)
