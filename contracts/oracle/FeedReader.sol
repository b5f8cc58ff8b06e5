// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPoolErrors} from "../interfaces/IPoolErrors.sol";
import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {Untrusted} from "../libraries/Untrusted.sol";

/// @notice Reads a feed into a price or into zero, "no price"; never into a wrong price, whatever the feed does.
library FeedReader {
    /// Larger answers are no price: below it, amounts times price stay inside a word.
    uint256 internal constant MAX_ANSWER = type(uint96).max;

    /// @notice The feed's answer in its own decimals; zero when there is no price. For pools and who decides about them.
    /// @dev Reverts in one case: the feed failed, and so little gas is left that it may not have had enough to find its price, nor
    /// those below it. Else whoever sends little would choose which prices count.
    /// @param maxAge The oldest answer that counts, in seconds; less than 2^255.
    function read(address feed, uint256 maxAge) internal view returns (uint256 answer) {
        (bool ok, uint256 round) = _latestRound(feed, Untrusted.GAS);
        if (ok) {
            (answer,) = _judged(round, maxAge);
        } else if (gasleft() < Untrusted.GAS + Untrusted.GAS / 63) {
            // A 64th of what there was before the call has stayed here.
            revert IPoolErrors.InsufficientGas();
        }
    }

    /// @notice As `read`, with the answer's date and a limit of its own on gas, and without looking at what is left of it.
    function readDated(address feed, uint256 maxAge, uint256 maxGas)
        internal
        view
        returns (uint256 answer, uint256 updatedAt)
    {
        (bool ok, uint256 round) = _latestRound(feed, maxGas);
        if (ok) (answer, updatedAt) = _judged(round, maxAge);
    }

    function _judged(uint256 round, uint256 maxAge) private view returns (uint256 answer, uint256 updatedAt) {
        assembly ("memory-safe") {
            answer := mload(add(round, 32))
            updatedAt := mload(add(round, 96))
        }
        unchecked {
            // A negative answer is a number above MAX_ANSWER; a date in the future makes an age above any limit.
            if (answer > MAX_ANSWER || block.timestamp - updatedAt > maxAge) return (0, 0);
        }
    }

    /// @notice What the feed says, unjudged. `ok` when it answered in full.
    function ask(address feed, uint256 maxGas)
        internal
        view
        returns (bool ok, uint256 answer, uint256 startedAt, uint256 updatedAt)
    {
        uint256 round;
        (ok, round) = _latestRound(feed, maxGas);
        assembly ("memory-safe") {
            answer := mload(add(round, 32))
            startedAt := mload(add(round, 64))
            updatedAt := mload(add(round, 96))
        }
    }

    /// @dev Whether the feed answered in full, and where in memory its answer lies until something else is put there.
    function _latestRound(address feed, uint256 maxGas) private view returns (bool ok, uint256 round) {
        bytes4 selector = IPriceFeed.latestRoundData.selector;
        // Decoding by hand, because a typed call to a feed that answers short, or to an address without code, reverts here and
        // would take every account that holds the asset with it.
        assembly ("memory-safe") {
            round := mload(0x40)
            mstore(round, selector)
            ok := staticcall(maxGas, feed, round, 4, round, 160)
            ok := and(ok, gt(returndatasize(), 159))
        }
    }
}
