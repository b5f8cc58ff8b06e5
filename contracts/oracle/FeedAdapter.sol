// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {Untrusted} from "../libraries/Untrusted.sol";
import {FeedReader} from "./FeedReader.sol";

/// @title A feed made of other feeds
/// @notice What all adapters have in common. Each is immutable and nobody's, is a source for the next, and reverts where it has no
/// price, which a pool takes for "no price". The date of an answer is the oldest of what it is made of, and every source has an age
/// limit of its own. Rounding is down, by less than one in the last decimal.
/// @dev Nested as deep as is sensible, an answer costs well under the gas that a pool grants (see the tests of gas). A source that
/// burns all it is given costs its adapter the price and its reader no more than that.
abstract contract FeedAdapter is IPriceFeed {
    /// The source's oldest answer must be limited to something between a second and `MAX_AGE`.
    error InvalidMaxAge(uint256 maxAge);
    /// A feed has more than `MAX_DECIMALS`.
    error InvalidDecimals(uint256 decimals);
    /// This source has no price: see `FeedReader`.
    error NoPrice(address source);
    /// The answer is zero, or too large for a price.
    error AnswerOutOfRange(uint256 answer);
    /// A calculated answer is so small that rounding may have changed it by more than a basis point.
    error Imprecise(uint256 answer);

    /// The longest age limit that a pool can have, about.
    uint256 internal constant MAX_AGE = 45 days;
    uint256 internal constant MAX_DECIMALS = 36;
    uint256 private constant MIN_CALCULATED = 10_000;

    /// @inheritdoc IPriceFeed
    uint8 public immutable decimals;

    constructor(uint256 decimals_) {
        if (decimals_ > MAX_DECIMALS) revert InvalidDecimals(decimals_);
        decimals = uint8(decimals_);
    }

    /// @inheritdoc IPriceFeed
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        (uint256 answer, uint256 updatedAt) = _price();
        _requireRange(answer);
        // Below 2^96 it is positive. Rounds are numbered by their dates.
        return (uint80(updatedAt), int256(answer), updatedAt, updatedAt, uint80(updatedAt));
    }

    /// @dev The answer, and the date of the oldest thing that it is made of.
    function _price() internal view virtual returns (uint256 answer, uint256 updatedAt);

    /// @dev Reverts when the source has no price.
    function _read(IPriceFeed source, uint256 maxAge) internal view returns (uint256 answer, uint256 updatedAt) {
        (answer, updatedAt) = FeedReader.readDated(address(source), maxAge, Untrusted.GAS);
        if (answer == 0) revert NoPrice(address(source));
    }

    function _requireRange(uint256 answer) internal pure {
        if (answer == 0 || answer > FeedReader.MAX_ANSWER) revert AnswerOutOfRange(answer);
    }

    function _requirePrecision(uint256 answer) internal pure {
        if (answer < MIN_CALCULATED) revert Imprecise(answer);
    }

    /// @dev For constructors.
    function _checked(uint256 maxAge) internal pure returns (uint256) {
        if (maxAge == 0 || maxAge > MAX_AGE) revert InvalidMaxAge(maxAge);
        return maxAge;
    }

    /// @dev For constructors.
    function _decimalsOf(IPriceFeed source) internal view returns (uint256 decimals_) {
        decimals_ = source.decimals();
        if (decimals_ > MAX_DECIMALS) revert InvalidDecimals(decimals_);
    }

    /// @dev 10^(to - from) as a fraction, one of whose parts is one. For constructors.
    function _scale(uint256 from, uint256 to) internal pure returns (uint256 up, uint256 down) {
        return to > from ? (10 ** (to - from), uint256(1)) : (uint256(1), 10 ** (from - to));
    }
}
