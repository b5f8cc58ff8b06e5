// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Collateral price feed
/// @notice The part of Chainlink's AggregatorV3 that Weir reads. Everything else (products of feeds, growth caps, fallbacks)
/// is a contract that implements it.
/// @dev What the pool makes of an answer (see `FeedReader`): a call that reverts, returns less than five words, or an answer
/// that is zero, negative, above 2^96 - 1, dated in the future or older than the reserve's maximum age is *no price*:
/// the asset gives no borrowing power and cannot be borrowed, seized or repaid in a liquidation; everything else goes on.
/// What it assumes: decimals never change, and the answer cannot be moved within one transaction by whoever sends it.
interface IPriceFeed {
    /// @notice The number of decimals of `answer`.
    function decimals() external view returns (uint8);

    /// @notice The price of one whole token in the pool's base currency, and when it was set (Unix seconds).
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
