// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {WAD} from "../libraries/WadMath.sol";
import {FeedAdapter} from "./FeedAdapter.sol";
import {FeedReader} from "./FeedReader.sol";

/// @title A feed with a second opinion
/// @notice While both sources have a price, the primary's, unless they are further apart than `maxDeviation`: then one of them is wrong,
/// nobody knows which, and there is no price. While only one has a price, that one.
///
/// A backup that is a little old still is a good check, but not a good price: alone it counts up to `aloneMaxAge` only.
/// @dev Whether a source is silent must not be for the caller to decide, who could give too little gas for one of the two. One that
/// fails counts as silent only when it could have had `SOURCE_GAS`; a source may not need more. Put this adapter outermost, or nearly:
/// as a source of another of its kind it can no longer fall back.
contract FallbackFeed is FeedAdapter {
    /// Not above zero and below one.
    error InvalidDeviation(uint256 maxDeviation);
    /// Alone, the backup must be at least as fresh as beside the primary.
    error InvalidAloneMaxAge(uint256 aloneMaxAge, uint256 backupMaxAge);
    /// Both have a price, here in this feed's decimals.
    error Apart(uint256 primaryAnswer, uint256 backupAnswer, uint256 maxDeviation);
    /// A source failed with too little gas to know why.
    error TooLittleGas(uint256 gas);

    /// The most gas that either source may use.
    uint256 public constant SOURCE_GAS = 120_000;
    /// What is needed to hand that on: all but a 64th of it goes, after the call's own cost.
    uint256 private constant GAS_TO_JUDGE = SOURCE_GAS * 64 / 63 + 5_000;

    IPriceFeed public immutable primary;
    uint256 public immutable primaryMaxAge;
    IPriceFeed public immutable backup;
    uint256 public immutable backupMaxAge;
    uint256 public immutable aloneMaxAge;
    /// The largest difference, in WAD of the lower one.
    uint256 public immutable maxDeviation;

    uint256 private immutable _primaryUp;
    uint256 private immutable _backupUp;

    /// @param primaryMaxAge_ @param backupMaxAge_ @param aloneMaxAge_ Seconds. @param maxDeviation_ WAD, below one.
    constructor(
        IPriceFeed primary_,
        uint256 primaryMaxAge_,
        IPriceFeed backup_,
        uint256 backupMaxAge_,
        uint256 aloneMaxAge_,
        uint256 maxDeviation_
    ) FeedAdapter(_larger(primary_.decimals(), backup_.decimals())) {
        if (maxDeviation_ == 0 || maxDeviation_ >= WAD) revert InvalidDeviation(maxDeviation_);
        if (aloneMaxAge_ > backupMaxAge_) revert InvalidAloneMaxAge(aloneMaxAge_, backupMaxAge_);
        primary = primary_;
        primaryMaxAge = _checked(primaryMaxAge_);
        backup = backup_;
        backupMaxAge = _checked(backupMaxAge_);
        aloneMaxAge = _checked(aloneMaxAge_);
        maxDeviation = maxDeviation_;
        // The decimals are the larger of the two, so that nothing is rounded.
        (_primaryUp,) = _scale(primary_.decimals(), decimals);
        (_backupUp,) = _scale(backup_.decimals(), decimals);
    }

    /// @inheritdoc FeedAdapter
    function _price() internal view override returns (uint256 answer, uint256 updatedAt) {
        uint256 check;
        uint256 checkedAt;
        (answer, updatedAt) = _ask(primary, primaryMaxAge, _primaryUp);
        (check, checkedAt) = _ask(backup, backupMaxAge, _backupUp);
        if (answer == 0) {
            if (check == 0) revert NoPrice(address(primary));
            if (block.timestamp - checkedAt > aloneMaxAge) revert NoPrice(address(backup));
            return (check, checkedAt);
        }
        if (check != 0) _requireNear(answer, check);
    }

    /// @dev Zero when the source has no price.
    function _ask(IPriceFeed source, uint256 maxAge, uint256 up)
        private
        view
        returns (uint256 answer, uint256 updatedAt)
    {
        uint256 available = gasleft();
        (answer, updatedAt) = FeedReader.readDated(address(source), maxAge, SOURCE_GAS);
        if (answer == 0) {
            if (available < GAS_TO_JUDGE) revert TooLittleGas(available);
        } else {
            answer *= up;
            _requireRange(answer);
        }
    }

    function _requireNear(uint256 a, uint256 b) private view {
        (uint256 low, uint256 high) = a < b ? (a, b) : (b, a);
        if ((high - low) * WAD > low * maxDeviation) revert Apart(a, b, maxDeviation);
    }

    function _larger(uint8 a, uint8 b) private pure returns (uint8) {
        return a > b ? a : b;
    }
}
