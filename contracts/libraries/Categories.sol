// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ramps} from "./Ramps.sol";
import {BPS} from "./WadMath.sol";

/// @dev A category of assets that move together, with terms of its own for accounts that choose it.
struct CategorySlots {
    Category word;
    uint256 ramp; // read only where the word says so
}

/// @dev collateral bitmap 64 | borrowable bitmap 64 | LTV 14 | threshold 14 | bonus floor 14 | bonus cap 14 | isolated |
/// threshold ramps | spare. Lowest bits first.
type Category is uint256;

using Categories for Category global;

/// @notice Efficiency groups: which assets count as collateral at the group's terms, which may be borrowed, and whether other
/// assets count at all (they do not in an isolated group).
library Categories {
    uint256 internal constant ISOLATED = 1 << 184;
    uint256 internal constant RAMPS = 1 << 185;
    uint256 private constant MASK_14 = (1 << 14) - 1;

    function collaterals(Category c) internal pure returns (uint256) {
        return Category.unwrap(c) & type(uint64).max;
    }

    function borrowables(Category c) internal pure returns (uint256) {
        return Category.unwrap(c) >> 64 & type(uint64).max;
    }

    /// @notice Whether the asset counts as collateral at the category's terms.
    function includes(Category c, uint256 id) internal pure returns (bool) {
        return Category.unwrap(c) >> id & 1 != 0;
    }

    function isIsolated(Category c) internal pure returns (bool) {
        return Category.unwrap(c) & ISOLATED != 0;
    }

    function ltv(Category c) internal pure returns (uint256) {
        unchecked {
            return (Category.unwrap(c) >> 128 & MASK_14) * BPS;
        }
    }

    function bonusFloor(Category c) internal pure returns (uint256) {
        unchecked {
            return (Category.unwrap(c) >> 156 & MASK_14) * BPS;
        }
    }

    function bonusCap(Category c) internal pure returns (uint256) {
        unchecked {
            return (Category.unwrap(c) >> 170 & MASK_14) * BPS;
        }
    }

    /// @notice Where the threshold stands, or what it ramps down to.
    function threshold(Category c) internal pure returns (uint256) {
        unchecked {
            return (Category.unwrap(c) >> 142 & MASK_14) * BPS;
        }
    }

    function thresholdNow(CategorySlots storage slots, Category c) internal view returns (uint256) {
        return Category.unwrap(c) & RAMPS == 0 ? threshold(c) : Ramps.threshold(slots.ramp, threshold(c));
    }
}
