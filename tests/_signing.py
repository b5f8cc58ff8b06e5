"""EIP-712 signatures of a pool's and a token's messages, by the accounts of the test chain."""

from __future__ import annotations

from typing import Any

import ape
from eth_account.messages import SignableMessage, encode_typed_data
from eth_utils import keccak

AUTHORIZATION = "Authorization"
ALLOWANCE = "Allowance"
PERMIT = "Permit"

# Kind to its fields, in the order in which they are signed.
MESSAGES = {
    AUTHORIZATION: {
        "account": "address",
        "operator": "address",
        "actions": "uint256",
        "expiry": "uint256",
        "nonce": "uint256",
        "deadline": "uint256",
    },
    ALLOWANCE: {
        "account": "address",
        "spender": "address",
        "positionId": "uint256",
        "amount": "uint256",
        "expiry": "uint256",
        "nonce": "uint256",
        "deadline": "uint256",
    },
    PERMIT: {
        "owner": "address",
        "spender": "address",
        "value": "uint256",
        "nonce": "uint256",
        "deadline": "uint256",
    },
}
NAMES = {AUTHORIZATION: "Weir pool", ALLOWANCE: "Weir pool", PERMIT: "Permit"}


def typed_data(
    contract: Any, kind: str, *values: Any, chain_id: int | None = None
) -> SignableMessage:
    """The message that says `values`, for a contract on this chain or on another one."""
    fields = MESSAGES[kind]
    return encode_typed_data(
        {
            "name": NAMES[kind],
            "version": "1",
            "chainId": ape.chain.chain_id if chain_id is None else chain_id,
            "verifyingContract": contract.address,
        },
        {kind: [{"name": name, "type": type_} for name, type_ in fields.items()]},
        {n: getattr(v, "address", v) for n, v in zip(fields, values, strict=True)},
    )


def digest(message: SignableMessage) -> bytes:
    """What is signed in the end."""
    return keccak(b"\x19" + message.version + message.header + message.body)


def sign(signer: Any, message: SignableMessage) -> bytes:
    """The signature as r, s, v: 65 bytes, where Ape drops leading zeros."""
    v, r, s = signer.sign_message(message)
    return bytes(r).rjust(32, b"\0") + bytes(s).rjust(32, b"\0") + bytes([v])
