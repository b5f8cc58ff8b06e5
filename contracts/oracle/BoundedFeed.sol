// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {FeedReader} from "./FeedReader.sol";

/// @notice A feed that answers only while its source is fresh and between two sane prices: the template for an adapter of
/// your own. An adapter that has no price reverts, and the pool treats the asset as unpriced.
contract BoundedFeed is IPriceFeed {
    error InvalidBounds(uint256 minAnswer, uint256 maxAnswer);
    error NoPrice(address source);
    error OutOfBounds(uint256 answer, uint256 minAnswer, uint256 maxAnswer);

    IPriceFeed public immutable source;
    uint256 public immutable maxAge;
    uint256 public immutable minAnswer;
    uint256 public immutable maxAnswer;
    uint8 public immutable decimals;

    /// @param maxAge_ Seconds. @param minAnswer_ @param maxAnswer_ Inclusive, in the source's decimals.
    constructor(IPriceFeed source_, uint256 maxAge_, uint256 minAnswer_, uint256 maxAnswer_) {
        if (minAnswer_ == 0 || minAnswer_ > maxAnswer_ || maxAnswer_ > FeedReader.MAX_ANSWER) {
            revert InvalidBounds(minAnswer_, maxAnswer_);
        }
        source = source_;
        maxAge = maxAge_;
        minAnswer = minAnswer_;
        maxAnswer = maxAnswer_;
        decimals = source_.decimals();
    }

    /// @inheritdoc IPriceFeed
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        uint256 answer = FeedReader.read(address(source), maxAge);
        if (answer == 0) revert NoPrice(address(source));
        if (answer < minAnswer || answer > maxAnswer) revert OutOfBounds(answer, minAnswer, maxAnswer);
        return source.latestRoundData();
    }
}
