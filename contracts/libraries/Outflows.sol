// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPoolErrors} from "../interfaces/IPoolErrors.sol";
import {Caps} from "./Caps.sol";

/// @notice A limit on how fast a reserve's assets may leave it: a bucket of a given capacity that fills up again, from empty to
/// full, in one window. What comes in fills it as well, so that nobody can use it up by going in and out.
/// @dev capacity 14, as a cap | window 32 | level 112 | level's timestamp 40 | spare. Raw units, seconds. Lowest bits first.
library Outflows {
    function pack(uint256 capacityCode, uint256 window, uint256 level_, uint256 timestamp)
        internal
        pure
        returns (uint256)
    {
        return capacityCode | window << 14 | level_ << 46 | timestamp << 158;
    }

    /// @notice What may leave now.
    function level(uint256 word) internal view returns (uint256) {
        uint256 capacity = Caps.decode(word & 0x3fff);
        uint256 window = word >> 14 & type(uint32).max;
        uint256 filled = capacity * (block.timestamp - (word >> 158 & type(uint40).max)) / window;
        uint256 sum = (word >> 46 & type(uint112).max) + filled;
        return sum < capacity ? sum : capacity;
    }

    function take(uint256 word, uint256 id, uint256 assets) internal view returns (uint256) {
        uint256 available = level(word);
        if (assets > available) revert IPoolErrors.OutflowLimitExceeded(id, assets, available);
        return pack(word & 0x3fff, word >> 14 & type(uint32).max, available - assets, block.timestamp);
    }

    function refill(uint256 word, uint256 assets) internal view returns (uint256) {
        uint256 capacity = Caps.decode(word & 0x3fff);
        uint256 sum = level(word) + assets;
        return pack(word & 0x3fff, word >> 14 & type(uint32).max, sum < capacity ? sum : capacity, block.timestamp);
    }
}
