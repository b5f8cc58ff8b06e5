// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {Untrusted} from "../libraries/Untrusted.sol";
import {FeedAdapter} from "./FeedAdapter.sol";
import {FeedReader} from "./FeedReader.sol";

/// @title A feed for rollups that rest
/// @notice The source's answer while the rollup's sequencer is up and has been for `grace` seconds; else no price: what was old when it
/// came back must not be borrowed against before feeds and users have caught up.
///
/// Where it belongs: in a reserve's cautious feed, which only borrowing and withdrawing look at. As the reserve's main feed it would let
/// a failing uptime feed stop liquidations, which is worse than what it protects from. Repaying asks no feed at all.
/// @dev The uptime feed is Chainlink's: its answer is zero while the sequencer is up, and `startedAt` is when that last changed. It has
/// no heartbeat, and so no age limit.
contract SequencerFeed is FeedAdapter {
    /// Not from one second to a day.
    error InvalidGrace(uint256 grace);
    /// The uptime feed does not answer, or nonsense.
    error NoStatus(IPriceFeed uptime);
    /// The sequencer does not run.
    error SequencerDown(uint256 since);
    /// The sequencer has run for less than the grace.
    error WithinGrace(uint256 upSince, uint256 grace);

    IPriceFeed public immutable source;
    uint256 public immutable maxAge;
    IPriceFeed public immutable uptime;
    uint256 public immutable grace;

    /// @param maxAge_ Seconds. @param grace_ Seconds, from one to a day's.
    constructor(IPriceFeed source_, uint256 maxAge_, IPriceFeed uptime_, uint256 grace_)
        FeedAdapter(source_.decimals())
    {
        if (grace_ == 0 || grace_ > 1 days) revert InvalidGrace(grace_);
        source = source_;
        maxAge = _checked(maxAge_);
        uptime = uptime_;
        grace = grace_;
    }

    /// @inheritdoc FeedAdapter
    function _price() internal view override returns (uint256 answer, uint256 updatedAt) {
        (bool ok, uint256 status, uint256 since,) = FeedReader.ask(address(uptime), Untrusted.GAS);
        if (!ok || status > 1 || since == 0 || since > block.timestamp) revert NoStatus(uptime);
        if (status == 1) revert SequencerDown(since);
        if (block.timestamp - since < grace) revert WithinGrace(since, grace);
        return _read(source, maxAge);
    }
}
