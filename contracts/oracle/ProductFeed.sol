// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {WadMath} from "../libraries/WadMath.sol";
import {FeedAdapter} from "./FeedAdapter.sol";

/// @title Product or quotient of two feeds
/// @notice Changes the currency of a price: LST/ETH times ETH/USD, or X/USD over ETH/USD. There is a price only while both sources have
/// one. Rounded down; an answer under 10,000 units of its last decimal is no price.
contract ProductFeed is FeedAdapter {
    using WadMath for uint256;

    IPriceFeed public immutable first;
    uint256 public immutable firstMaxAge;
    IPriceFeed public immutable second;
    uint256 public immutable secondMaxAge;
    /// Whether the first is divided by the second.
    bool public immutable quotient;

    uint256 private immutable _up;
    uint256 private immutable _down;

    /// @param firstMaxAge_ @param secondMaxAge_ Seconds. @param decimals_ The answer's.
    constructor(
        IPriceFeed first_,
        uint256 firstMaxAge_,
        IPriceFeed second_,
        uint256 secondMaxAge_,
        bool quotient_,
        uint8 decimals_
    ) FeedAdapter(decimals_) {
        first = first_;
        firstMaxAge = _checked(firstMaxAge_);
        second = second_;
        secondMaxAge = _checked(secondMaxAge_);
        quotient = quotient_;
        (uint256 a, uint256 b) = (_decimalsOf(first_), _decimalsOf(second_));
        (_up, _down) = quotient_ ? _scale(a, decimals_ + b) : _scale(a + b, decimals_);
    }

    /// @inheritdoc FeedAdapter
    function _price() internal view override returns (uint256 answer, uint256 updatedAt) {
        (uint256 a, uint256 firstAt) = _read(first, firstMaxAge);
        (uint256 b, uint256 secondAt) = _read(second, secondMaxAge);
        // Prices have 96 bits and scales, of at most 36 decimals below the line of a quotient, 120.
        (uint256 over, uint256 under) = quotient ? (a, b * _down) : (a * b, _down);
        answer = FixedPointMathLib.fullMulDiv(over, _up, under);
        _requirePrecision(answer);
        updatedAt = firstAt.min(secondAt);
    }
}
