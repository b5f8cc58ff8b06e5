// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPool} from "../interfaces/IPool.sol";
import {ILiquidationModel, LiquidationCase, LiquidationTerms} from "../interfaces/ILiquidationModel.sol";
import {IPoolErrors} from "../interfaces/IPoolErrors.sol";
import {WAD, WadMath} from "../libraries/WadMath.sol";
import {IDutchAuction} from "./IDutchAuction.sol";
import {TargetHealth} from "./TargetHealth.sol";

/// @title Dutch auction of the liquidation bonus
/// @dev Who gains by it? Starting early gains nothing that is one's own: the rising bonus is whoever's comes first, and it was open at
/// the floor before. Starting often, which would keep the bonus down for the borrower, is refused while an auction runs; restarting a
/// lapsed one only raises it. Letting it rise pays a liquidator who is alone, up to the cap that the pool might have paid at once, and
/// costs him the whole bonus where he is not. A start at a moment's bad price leaves the clock on: the borrower stops it, or it
/// lapses. An account cannot be healthy for a moment only: what is repaid or supplied for it stays, or is checked again.
contract DutchAuctionModel is IDutchAuction {
    using WadMath for uint256;

    uint256 private constant MAX_LIFETIME = 1 days;

    // ------------------------------------------------------------------ immutables

    /// @inheritdoc IDutchAuction
    IPool public immutable pool;
    /// @inheritdoc IDutchAuction
    uint256 public immutable duration;
    /// @inheritdoc IDutchAuction
    uint256 public immutable lifetime;

    // ------------------------------------------------------------------ storage

    /// @inheritdoc IDutchAuction
    mapping(address account => uint256) public startedAt;

    // ------------------------------------------------------------------ constructor

    constructor(IPool pool_, uint256 duration_, uint256 lifetime_) {
        if (duration_ == 0 || duration_ > lifetime_ || lifetime_ > MAX_LIFETIME) {
            revert DurationOutOfRange(duration_, lifetime_);
        }
        (pool, duration, lifetime) = (pool_, duration_, lifetime_);
    }

    // ------------------------------------------------------------------ auctions

    /// @inheritdoc IDutchAuction
    function start(address account) external {
        if (_runs(account)) revert AuctionRunning(account, startedAt[account]);
        uint256 health = pool.healthFactor(account);
        if (health >= WAD) revert IPoolErrors.Healthy(account, health);
        startedAt[account] = block.timestamp;
        emit AuctionStarted(account, msg.sender, health);
    }

    /// @inheritdoc IDutchAuction
    function stop(address account) external {
        if (!_runs(account)) revert NoAuction(account);
        uint256 health = pool.healthFactor(account);
        if (health < WAD) revert Unhealthy(account, health);
        delete startedAt[account];
        emit AuctionStopped(account, msg.sender, health);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc ILiquidationModel
    function size(LiquidationCase calldata c, LiquidationTerms calldata terms)
        external
        view
        returns (uint256 repayValue, uint256 bonus)
    {
        LiquidationCase memory flat = c;
        flat.bonusFloor = flat.bonusCap = c.bonusFloor + (c.bonusCap - c.bonusFloor).mulDown(progress(c.account));
        return TargetHealth.size(flat, terms);
    }

    /// @inheritdoc IDutchAuction
    function progress(address account) public view returns (uint256) {
        return _runs(account) ? (block.timestamp - startedAt[account]).divDown(duration).min(WAD) : 0;
    }

    function _runs(address account) private view returns (bool) {
        uint256 since = startedAt[account];
        return since != 0 && block.timestamp - since < lifetime;
    }
}
