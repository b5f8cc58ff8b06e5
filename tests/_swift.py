"""Ape without what it works out anew at every call and what no test here changes.

That is two thirds of a test's time through Ape 0.8. What is sent to the chain, and what is read
from it, stays the same. `ape test -v` leaves Ape as it is, with a trace of every revert.
"""

from __future__ import annotations

from typing import Any

import requests
from ape.contracts.base import ContractMethodHandler
from ape_ethereum.ecosystem import Ethereum
from ape_ethereum.trace import Trace
from ape_foundry.provider import FoundryProvider


def make_swift() -> None:
    """Once, before anything is sent."""
    remember(FoundryProvider, "settings")  # parsed from the environment each time
    remember(FoundryProvider, "max_gas")  # the limit of the latest block
    remember(Ethereum, "default_transaction_type")  # from settings, which are parsed again
    remember_contracts()
    Ethereum.get_proxy_info = lambda *args, **kwargs: None  # nothing here is a proxy
    Trace.show = lambda *args, **kwargs: None  # also of reverts that a test wants
    look_for_no_proxy()


def remember(cls: type, name: str) -> None:
    """A property keeps its first answer, for each object and connection."""
    ask = getattr(cls, name).fget
    answers: dict[tuple[int, str], tuple[object, Any]] = {}

    def answer(self: Any) -> Any:
        key = id(self), repr(getattr(self, "provider_settings", None))
        if key not in answers:
            answers[key] = self, ask(self)  # kept too, so that its id is not given away
        return answers[key][1]

    setattr(cls, name, property(answer))


def remember_contracts() -> None:
    """The code of a contract is asked for before every call: not where there was some already."""
    validate = ContractMethodHandler._validate_is_contract
    known: set[tuple[str, str]] = set()

    def validate_once(handler: ContractMethodHandler) -> None:
        contract = handler.provider.http_uri, handler.contract.address
        if contract not in known:
            validate(handler)
            known.add(contract)

    ContractMethodHandler._validate_is_contract = validate_once


def look_for_no_proxy() -> None:
    """The environment is searched for proxies at every request, also to this machine."""
    merge = requests.Session.merge_environment_settings

    def merge_locally(session: requests.Session, url: str, *args: Any) -> Any:
        trust = session.trust_env
        session.trust_env = trust and not url.startswith("http://127.0.0.1")
        try:
            return merge(session, url, *args)
        finally:
            session.trust_env = trust

    requests.Session.merge_environment_settings = merge_locally
