// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

/// @notice Amounts to values and back. A value is in the pool's base currency, scaled by WAD; a price is a feed's answer; and
/// `decimals` is the sum of the token's and the feed's, so that value = assets * price * 1e18 / 10^decimals.
/// @dev Assets have at most 141 bits (112 of shares, 88 of an index, over WAD) and prices 96: their product fits, always.
/// With fewer than 18 decimals a value beyond 2^256 reverts.
library Valuation {
    function valueDown(uint256 assets, uint256 price, uint256 decimals) internal pure returns (uint256) {
        (uint256 up, uint256 down) = _scale(decimals);
        unchecked {
            return up == 1 ? assets * price / down : _times(assets * price, up);
        }
    }

    function valueUp(uint256 assets, uint256 price, uint256 decimals) internal pure returns (uint256) {
        (uint256 up, uint256 down) = _scale(decimals);
        unchecked {
            return up == 1 ? FixedPointMathLib.divUp(assets * price, down) : _times(assets * price, up);
        }
    }

    function assetsDown(uint256 value, uint256 price, uint256 decimals) internal pure returns (uint256) {
        (uint256 up, uint256 down) = _scale(decimals);
        return _times(value, down) / (price * up);
    }

    function assetsUp(uint256 value, uint256 price, uint256 decimals) internal pure returns (uint256) {
        (uint256 up, uint256 down) = _scale(decimals);
        return FixedPointMathLib.divUp(_times(value, down), price * up);
    }

    /// @dev 1e18 / 10^decimals as a fraction, one of whose parts is one. Decimals have six bits.
    function _scale(uint256 decimals) private pure returns (uint256 up, uint256 down) {
        unchecked {
            return decimals < 18 ? (10 ** (18 - decimals), uint256(1)) : (uint256(1), 10 ** (decimals - 18));
        }
    }

    function _times(uint256 a, uint256 b) private pure returns (uint256) {
        return a * b;
    }
}
