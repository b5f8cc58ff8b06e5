// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {WadMath} from "../libraries/WadMath.sol";
import {FeedAdapter} from "./FeedAdapter.sol";
import {FeedReader} from "./FeedReader.sol";

/// @title A feed with a ceiling
/// @notice The source's answer, and never more than a fixed cap: for stablecoins, whose price may fall but has no reason to rise, so
/// that one venue's peak liquidates nobody who owes them. A fall is passed on.
contract CappedFeed is FeedAdapter {
    using WadMath for uint256;

    /// Zero, or more than 96 bits.
    error InvalidCap(uint256 cap);

    IPriceFeed public immutable source;
    uint256 public immutable maxAge;
    uint256 public immutable cap;

    /// @param maxAge_ Seconds. @param cap_ In the source's decimals.
    constructor(IPriceFeed source_, uint256 maxAge_, uint256 cap_) FeedAdapter(source_.decimals()) {
        if (cap_ == 0 || cap_ > FeedReader.MAX_ANSWER) revert InvalidCap(cap_);
        source = source_;
        maxAge = _checked(maxAge_);
        cap = cap_;
    }

    /// @inheritdoc FeedAdapter
    function _price() internal view override returns (uint256 answer, uint256 updatedAt) {
        (answer, updatedAt) = _read(source, maxAge);
        answer = answer.min(cap);
    }
}
