// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Calls to strategies that must not be able to block an exit or a liquidation, whatever they do: no code, revert, a
/// short answer, a long one, or an endless loop. None of it reverts here.
/// @dev A caller who sends too little gas cannot make a sound strategy fail and go on: a strategy that runs out of it leaves a
/// 64th of what there was, at most 4,800, too little for what any action does afterwards. A strategy must therefore not catch that
/// itself and revert with the rest. Feeds may (see `FeedReader.read`).
library Untrusted {
    /// The most gas that a strategy may use.
    uint256 internal constant GAS = 300_000;

    /// @notice Asks a view. `ok` when it answered at least `words` words, of which the first two are returned.
    function ask(address target, bytes memory question, uint256 words)
        internal
        view
        returns (bool ok, uint256 first, uint256 second)
    {
        assembly ("memory-safe") {
            ok := staticcall(GAS, target, add(question, 32), mload(question), 0, 64)
            ok := and(ok, iszero(lt(returndatasize(), shl(5, words))))
            first := mload(0)
            second := mload(32)
        }
    }

    /// @notice Tells something and does not care for the answer.
    function tell(address target, bytes memory message) internal {
        assembly ("memory-safe") {
            pop(call(GAS, target, 0, add(message, 32), mload(message), 0, 0))
        }
    }
}
