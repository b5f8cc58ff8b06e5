// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import "../interfaces/IConfigurator.sol";
import {IPool, ReserveData} from "../interfaces/IPool.sol";
import {IPriceFeed} from "../interfaces/IPriceFeed.sol";
import {Caps} from "../libraries/Caps.sol";
import {LiquidationWord} from "../libraries/LiquidationWord.sol";
import {Reserves} from "../libraries/Reserves.sol";
import {FeedReader} from "../oracle/FeedReader.sol";
import {KinkedCurve} from "../rates/KinkedCurve.sol";

/// @title Configurator
contract Configurator is IConfigurator, AccessManaged {
    using SafeTransferLib for address;

    uint256 private constant ONE_BPS = 10_000;

    /// @param authority The AccessManager that decides who may call what.
    constructor(address authority) AccessManaged(authority) {}

    // ------------------------------------------------------------------ listing

    /// @inheritdoc IConfigurator
    function listReserve(IPool pool, address token, ReserveParameters calldata p, uint256 seed)
        external
        restricted
        returns (uint256 id)
    {
        if (seed == 0) revert SeedRequired();
        (uint256 targetHealth,,,,) = pool.liquidationTerms();
        if (targetHealth == 0) revert LiquidationTermsRequired();
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), seed);
        _requireExact(token, address(this), before, seed);

        id = pool.addReserve(
            token,
            _rates(p.curve, p.reserveFactorPercent, p.rateModel),
            _limits(p.supplyCap, p.borrowCap, p.borrowable),
            _risk(token, p),
            p.rateModel
        );

        before = token.balanceOf(address(pool));
        token.safeApproveWithRetry(address(pool), seed);
        pool.supply(id, seed, address(this));
        _requireExact(token, address(pool), before, seed);
    }

    /// @dev What arrived must be what was sent.
    function _requireExact(address token, address holder, uint256 before, uint256 sent) private view {
        uint256 held = token.balanceOf(holder);
        if (held != before + sent) revert TokenNotExact(token, sent, held > before ? held - before : 0);
    }

    // ------------------------------------------------------------------ parameters

    /// @inheritdoc IConfigurator
    function setRates(
        IPool pool,
        uint256 id,
        KinkedCurve.Parameters calldata curve,
        uint256 reserveFactorPercent,
        address rateModel
    ) external restricted {
        pool.setRates(id, _rates(curve, reserveFactorPercent, rateModel), rateModel);
    }

    /// @inheritdoc IConfigurator
    function setLimits(IPool pool, uint256 id, uint256 supplyCap, uint256 borrowCap, bool borrowable)
        external
        restricted
    {
        pool.setLimits(id, _limits(supplyCap, borrowCap, borrowable));
    }

    /// @inheritdoc IConfigurator
    function setRisk(IPool pool, uint256 id, ReserveParameters calldata p) external restricted {
        ReserveData memory d = pool.reserveData(id);
        if (d.threshold != 0 && p.thresholdBps == 0) revert ThresholdCannotVanish(id);
        pool.setRisk(id, _risk(d.token, p));
    }

    /// @inheritdoc IConfigurator
    function setLiquidationTerms(
        IPool pool,
        uint256 targetHealthBps,
        uint256 fullHealthBps,
        uint256 dust,
        uint256 writeOffBelow,
        address model
    ) external restricted {
        bool fits = targetHealthBps <= type(uint16).max && dust <= type(uint24).max && writeOffBelow <= type(uint16).max;
        if (!fits || fullHealthBps >= ONE_BPS || targetHealthBps <= ONE_BPS || fullHealthBps == 0 || dust == 0) {
            revert LiquidationTermsOutOfRange(targetHealthBps, fullHealthBps, dust, writeOffBelow);
        }
        pool.setLiquidationTerms(LiquidationWord.pack(model, targetHealthBps, fullHealthBps, dust, writeOffBelow));
    }

    // ------------------------------------------------------------------ switches

    /// @inheritdoc IConfigurator
    function pause(IPool pool, uint256 id) external restricted {
        pool.setSwitches(id, true, _has(pool, id, Reserves.FROZEN));
    }

    /// @inheritdoc IConfigurator
    function unpause(IPool pool, uint256 id) external restricted {
        pool.setSwitches(id, false, _has(pool, id, Reserves.FROZEN));
    }

    /// @inheritdoc IConfigurator
    function freeze(IPool pool, uint256 id) external restricted {
        pool.setSwitches(id, _has(pool, id, Reserves.PAUSED), true);
    }

    /// @inheritdoc IConfigurator
    function unfreeze(IPool pool, uint256 id) external restricted {
        pool.setSwitches(id, _has(pool, id, Reserves.PAUSED), false);
    }

    /// @dev From the stored word alone: a broken token, feed or model must not be able to block a switch.
    function _has(IPool pool, uint256 id, uint256 flag) private view returns (bool) {
        (,,, uint256 token,) = pool.reserveWords(id);
        return token & flag != 0;
    }

    /// @inheritdoc IConfigurator
    function collectBuffer(IPool pool, uint256 id, uint256 assets, address to) external restricted {
        pool.collectBuffer(id, assets, to);
    }

    // ------------------------------------------------------------------ validation and packing

    function _rates(KinkedCurve.Parameters calldata curve, uint256 reserveFactorPercent, address rateModel)
        private
        pure
        returns (uint256 rates)
    {
        if (!KinkedCurve.isValid(curve)) {
            revert CurveOutOfRange(curve.base, curve.kink, curve.slope1, curve.slope2);
        }
        if (reserveFactorPercent > 100) revert ReserveFactorOutOfRange(reserveFactorPercent);
        rates = KinkedCurve.pack(curve) | reserveFactorPercent << KinkedCurve.BITS;
        if (rateModel != address(0)) rates |= Reserves.EXTERNAL_MODEL;
    }

    function _limits(uint256 supplyCap, uint256 borrowCap, bool borrowable) private pure returns (uint256 limits) {
        limits = _cap(supplyCap) | _cap(borrowCap) << 14;
        if (borrowable) limits |= Reserves.BORROWABLE;
    }

    function _cap(uint256 cap) private pure returns (uint256 code) {
        bool exact;
        (code, exact) = Caps.encode(cap);
        if (!exact) revert CapNotRepresentable(cap);
    }

    function _risk(address token, ReserveParameters calldata p) private view returns (uint256) {
        if (p.ltvBps > p.thresholdBps || p.thresholdBps >= ONE_BPS) {
            revert ThresholdOutOfRange(p.ltvBps, p.thresholdBps);
        }
        if (p.bonusFloorBps > p.bonusCapBps || p.bonusCapBps > ONE_BPS) {
            revert BonusOutOfRange(p.bonusFloorBps, p.bonusCapBps);
        }
        if (p.thresholdBps * (ONE_BPS + p.bonusCapBps) >= ONE_BPS * ONE_BPS) {
            revert BonusTimesThreshold(p.thresholdBps, p.bonusCapBps);
        }
        if (p.liquidationFeePercent > 100) revert FeeOutOfRange(p.liquidationFeePercent);
        uint256 minutes_ = p.maxAge / 1 minutes;
        if (minutes_ == 0 || minutes_ > type(uint16).max || p.maxAge % 1 minutes != 0) {
            revert MaxAgeOutOfRange(p.maxAge);
        }
        uint256 decimals = uint256(IERC20Metadata(token).decimals()) + IPriceFeed(p.feed).decimals();
        if (decimals > 63) revert DecimalsOutOfRange(decimals);
        if (FeedReader.read(p.feed, p.maxAge) == 0) revert FeedWithoutPrice(p.feed);
        return uint160(p.feed) | p.ltvBps << 160 | p.thresholdBps << 174 | p.bonusFloorBps << 188 | p.bonusCapBps << 202
            | decimals << 216 | minutes_ << 222 | p.liquidationFeePercent << 238;
    }
}
