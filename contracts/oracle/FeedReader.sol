// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {Untrusted} from "../libraries/Untrusted.sol";

/// @notice Reads a feed into a price or into zero, "no price"; never into a wrong price, and never reverts.
library FeedReader {
    /// Larger answers are no price: below it, amounts times price stay inside a word.
    uint256 internal constant MAX_ANSWER = type(uint96).max;

    /// @notice The feed's answer in its own decimals; zero when there is no price.
    /// @param maxAge The oldest answer that counts, in seconds.
    function read(address feed, uint256 maxAge) internal view returns (uint256 answer) {
        bytes4 selector = IPriceFeed.latestRoundData.selector;
        uint256 maxGas = Untrusted.GAS;
        uint256 updatedAt;
        bool ok;
        // Decoding by hand, because a typed call to a feed that answers short, or to an address without code, reverts here and
        // would take every account that holds the asset with it.
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, selector)
            ok := staticcall(maxGas, feed, free, 4, free, 160)
            ok := and(ok, gt(returndatasize(), 159))
            answer := mload(add(free, 32))
            updatedAt := mload(add(free, 96))
        }
        // A negative answer is a number above MAX_ANSWER.
        if (!ok || answer > MAX_ANSWER) return 0;
        if (updatedAt > block.timestamp || block.timestamp - updatedAt > maxAge) return 0;
    }
}
