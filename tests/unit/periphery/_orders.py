"""Orders to deleverage, as borrowers sign them."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any

from eth_account.messages import SignableMessage, encode_typed_data

from tests._cast import MAX, WAD

FIELDS = (
    "address account,uint256 debtId,uint256 positionId,uint256 trigger,uint256 target,"
    "uint256 bonus,uint256 maxRepay,uint256 deadline,uint256 nonce"
)


@dataclass(frozen=True)
class Order:
    """A `DeleverageOrder`."""

    account: str
    debt_id: int
    position_id: int
    trigger: int = WAD * 12 // 10
    target: int = WAD * 13 // 10
    bonus: int = WAD // 100
    max_repay: int = 5_000 * 10**6
    deadline: int = MAX
    nonce: int = 7

    def message(self, contract: Any, chain_id: int) -> SignableMessage:
        """What is signed, for a contract on a chain."""
        fields = [dict(zip(("type", "name"), f.split(), strict=True)) for f in FIELDS.split(",")]
        domain = {
            "name": "Weir deleverage orders",
            "version": "1",
            "chainId": chain_id,
            "verifyingContract": contract.address,
        }
        values = dict(zip((f["name"] for f in fields), astuple(self), strict=True))
        return encode_typed_data(domain, {"DeleverageOrder": fields}, values)
