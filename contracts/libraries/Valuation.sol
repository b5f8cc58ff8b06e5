// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {WadMath} from "./WadMath.sol";

/// @notice Amounts to values and back. A value is in the pool's base currency, scaled by WAD; a price is a feed's answer; and
/// `decimals` is the sum of the token's and the feed's, so that value = assets * price * 1e18 / 10^decimals.
library Valuation {
    function valueDown(uint256 assets, uint256 price, uint256 decimals) internal pure returns (uint256) {
        uint256 product = assets * price;
        return decimals < 18 ? product * 10 ** (18 - decimals) : product / 10 ** (decimals - 18);
    }

    function valueUp(uint256 assets, uint256 price, uint256 decimals) internal pure returns (uint256) {
        uint256 product = assets * price;
        return decimals < 18 ? product * 10 ** (18 - decimals) : WadMath.divideUp(product, 10 ** (decimals - 18));
    }

    function assetsDown(uint256 value, uint256 price, uint256 decimals) internal pure returns (uint256) {
        return decimals < 18 ? value / (price * 10 ** (18 - decimals)) : value * 10 ** (decimals - 18) / price;
    }

    function assetsUp(uint256 value, uint256 price, uint256 decimals) internal pure returns (uint256) {
        return decimals < 18
            ? WadMath.divideUp(value, price * 10 ** (18 - decimals))
            : WadMath.divideUp(value * 10 ** (decimals - 18), price);
    }
}
