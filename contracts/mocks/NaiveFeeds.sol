// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {LibSort} from "solady/utils/LibSort.sol";

import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {MockRate} from "./MockRate.sol";

// Feeds as they were before the incidents that tests/exploits replays: every attack there has to succeed on one of these.

/// @notice A vault share at the rate of the moment.
contract NaiveVaultFeed is IPriceFeed {
    uint8 public constant decimals = 8;
    IERC4626 private immutable _vault;
    IPriceFeed private immutable _base;

    constructor(IERC4626 vault, IPriceFeed base) {
        (_vault, _base) = (vault, base);
    }

    /// @inheritdoc IPriceFeed
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        (, int256 answer,, uint256 updatedAt,) = _base.latestRoundData();
        answer = answer * int256(_vault.convertToAssets(1e18)) / 1e18;
        return (1, answer, updatedAt, updatedAt, 1);
    }
}

/// @notice A growth cap whose snapshot is written from outside: the ratio moves 3 % at most at a time, the date as it likes.
contract NaiveSnapshotFeed is IPriceFeed {
    uint8 public constant decimals = 8;
    MockRate private immutable _rate;
    IPriceFeed private immutable _base;
    uint256 private immutable _maxGrowth;
    uint256 public snapshotRate;
    uint256 public snapshotAt;

    constructor(MockRate rate, IPriceFeed base, uint256 maxGrowth) {
        (_rate, _base, _maxGrowth) = (rate, base, maxGrowth);
        (snapshotRate, snapshotAt) = (rate.rate(), block.timestamp);
    }

    function setSnapshot(uint256 rate, uint256 at_) external {
        uint256 most = snapshotRate * 103 / 100;
        (snapshotRate, snapshotAt) = (rate < most ? rate : most, at_);
    }

    /// @inheritdoc IPriceFeed
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        uint256 rate = _rate.rate();
        uint256 cap = snapshotRate + snapshotRate * _maxGrowth * (block.timestamp - snapshotAt) / 365 days / 1e18;
        (, int256 answer,, uint256 updatedAt,) = _base.latestRoundData();
        return (1, answer * int256(rate < cap ? rate : cap) / 1e18, updatedAt, updatedAt, 1);
    }
}

/// @notice A product that takes its sources to have eight decimals.
contract NaiveProductFeed is IPriceFeed {
    uint8 public constant decimals = 8;
    IPriceFeed private immutable _first;
    IPriceFeed private immutable _second;

    constructor(IPriceFeed first, IPriceFeed second) {
        (_first, _second) = (first, second);
    }

    /// @inheritdoc IPriceFeed
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        (, int256 a,,,) = _first.latestRoundData();
        (, int256 b,, uint256 updatedAt,) = _second.latestRoundData();
        return (1, a * b / 1e8, updatedAt, updatedAt, 1);
    }
}

/// @notice The middle one of an odd number of sources with eight decimals, whatever they are.
contract NaiveMedianFeed is IPriceFeed {
    uint8 public constant decimals = 8;
    IPriceFeed[] private _sources;

    constructor(IPriceFeed[] memory sources) {
        _sources = sources;
    }

    /// @inheritdoc IPriceFeed
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        int256[] memory answers = new int256[](_sources.length);
        for (uint256 k; k < answers.length; ++k) {
            (, answers[k],,,) = _sources[k].latestRoundData();
        }
        LibSort.insertionSort(answers);
        return (1, answers[answers.length / 2], block.timestamp, block.timestamp, 1);
    }
}

/// @notice A dollar is a dollar.
contract NaiveFixedFeed is IPriceFeed {
    uint8 public constant decimals = 8;

    /// @inheritdoc IPriceFeed
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return (1, 1e8, block.timestamp, block.timestamp, 1);
    }
}

/// @notice A lender that asks for a price before anything, also before it takes money back.
contract NaiveLender {
    IPriceFeed private immutable _feed;
    uint256 public debt;

    constructor(IPriceFeed feed, uint256 debt_) {
        (_feed, debt) = (feed, debt_);
    }

    function repay(uint256 amount) external {
        _feed.latestRoundData();
        debt -= amount;
    }
}
