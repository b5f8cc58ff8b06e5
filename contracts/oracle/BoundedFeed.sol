// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {FeedAdapter} from "./FeedAdapter.sol";
import {FeedReader} from "./FeedReader.sol";

/// @title A feed between two sane prices
/// @notice Answers as its source does while that is within bounds; outside there is no price. Against a source that stands still at
/// its own minimum, put the lower bound above that. The template for an adapter of your own.
contract BoundedFeed is FeedAdapter {
    /// Wanted are 0 < minAnswer <= maxAnswer, at most 96 bits.
    error InvalidBounds(uint256 minAnswer, uint256 maxAnswer);
    /// The source answers outside the bounds.
    error OutOfBounds(uint256 answer, uint256 minAnswer, uint256 maxAnswer);

    IPriceFeed public immutable source;
    uint256 public immutable maxAge;
    uint256 public immutable minAnswer;
    uint256 public immutable maxAnswer;

    /// @param maxAge_ Seconds. @param minAnswer_ @param maxAnswer_ Inclusive, in the source's decimals.
    constructor(IPriceFeed source_, uint256 maxAge_, uint256 minAnswer_, uint256 maxAnswer_)
        FeedAdapter(source_.decimals())
    {
        if (minAnswer_ == 0 || minAnswer_ > maxAnswer_ || maxAnswer_ > FeedReader.MAX_ANSWER) {
            revert InvalidBounds(minAnswer_, maxAnswer_);
        }
        source = source_;
        maxAge = _checked(maxAge_);
        minAnswer = minAnswer_;
        maxAnswer = maxAnswer_;
    }

    /// @inheritdoc FeedAdapter
    function _price() internal view override returns (uint256 answer, uint256 updatedAt) {
        (answer, updatedAt) = _read(source, maxAge);
        if (answer < minAnswer || answer > maxAnswer) revert OutOfBounds(answer, minAnswer, maxAnswer);
    }
}
