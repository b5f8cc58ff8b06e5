// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What the pool remembers within one transaction, in transient storage: whether an action is running, whether a batch
/// is, which accounts the batch has to check at its end, and which tokens a callback still owes.
library Transient {
    /// An action is running: nothing else may.
    uint256 internal constant LOCKED = 1;
    /// A batch is running: health is checked at its end.
    uint256 internal constant BATCH = 2;

    uint256 private constant STATE = 0;
    uint256 private constant COUNT = 1;
    /// Places 2 to 2^16 are the list, from 2^32 on what each reserve is owed, hashed ones the marks.
    uint256 private constant LIST = 2;
    uint256 private constant OWED = 1 << 32;

    function state() internal view returns (uint256 value) {
        assembly ("memory-safe") {
            value := tload(STATE)
        }
    }

    function set(uint256 value) internal {
        assembly ("memory-safe") {
            tstore(STATE, value)
        }
    }

    // ------------------------------------------------------------------ accounts to check at the end

    /// @notice Puts an account on the list, once.
    function defer(address account) internal {
        uint256 mark = uint256(uint160(account)) << 96;
        assembly ("memory-safe") {
            if iszero(tload(mark)) {
                tstore(mark, 1)
                let count := tload(COUNT)
                tstore(add(LIST, count), account)
                tstore(COUNT, add(count, 1))
            }
        }
    }

    function isDeferred(address account) internal view returns (bool deferred) {
        uint256 mark = uint256(uint160(account)) << 96;
        assembly ("memory-safe") {
            deferred := tload(mark)
        }
    }

    /// @notice Takes the last account off the list; zero when it is empty.
    function takeDeferred() internal returns (address account) {
        assembly ("memory-safe") {
            let count := tload(COUNT)
            if count {
                count := sub(count, 1)
                tstore(COUNT, count)
                account := tload(add(LIST, count))
                tstore(shl(96, account), 0)
            }
        }
    }

    // ------------------------------------------------------------------ what callbacks still owe

    function owed(uint256 id) internal view returns (uint256 assets) {
        assembly ("memory-safe") {
            assets := tload(add(OWED, id))
        }
    }

    function setOwed(uint256 id, uint256 assets) internal {
        assembly ("memory-safe") {
            tstore(add(OWED, id), assets)
        }
    }
}
