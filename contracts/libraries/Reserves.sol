// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KinkedCurve} from "../rates/KinkedCurve.sol";
import {IPoolErrors} from "../interfaces/IPoolErrors.sol";
import {IRateModel} from "../interfaces/IRateModel.sol";
import {Caps} from "./Caps.sol";
import {Compounding} from "./Compounding.sol";
import {Untrusted} from "./Untrusted.sol";
import {BPS, WAD, WadMath} from "./WadMath.sol";

/// @dev What a reserve keeps on chain. Lending touches `interest`, `totals` and `token`; idle collateral `token` alone; a
/// health check reads `risk` as well. The others are read only where a flag says so.
///
/// interest  supply index 88 | debt index 88 | timestamp 32 | kinked curve 37 | reserve factor 7 | external model | spare 3
/// totals    supply shares 112 | debt shares 112 | supply cap 14 | borrow cap 14 | borrowable | limited outflow | insured | spare
/// token     token 160 | room for idle collateral 93 | grace | paused | frozen
/// risk      see `RiskWord`
/// model     external rate model 160
/// ramp      see `RampWord`
/// outflow   see `OutflowWord`
/// idleCap   the most that may sit idle: what sits idle now is this less the room in `token`
/// cautiousFeed  a second feed, for whoever takes on risk
/// insurer   the account whose supply here pays for bad debt before the other suppliers
/// graceEnd  Unix seconds from which liquidations go on after a pause
///
/// Lowest bits first. Indices are WAD at listing.
struct ReserveSlots {
    Interest interest;
    Totals totals;
    Token token;
    Risk risk;
    address model;
    uint256 ramp;
    uint256 outflow;
    uint256 idleCap;
    address cautiousFeed;
    address insurer;
    uint256 graceEnd;
    uint256[5] spare;
}

type Interest is uint256;
type Totals is uint256;
type Token is uint256;
type Risk is uint256;

using Reserves for Interest global;
using Reserves for Totals global;
using Reserves for Token global;
using RiskWord for Risk global;

/// @notice The words of a reserve, its interest and its conversions between assets and shares.
/// @dev Words stay on the stack and are written back whole, because unpacking into memory costs gas in every action.
library Reserves {
    using WadMath for uint256;

    /// A supply index that a write-off drives under this is worth too little to go on with: the reserve freezes.
    uint256 internal constant MIN_SUPPLY_INDEX = 1e12;

    // In `interest`, counted from the curve's first bit: an external model sets the rate.
    uint256 internal constant EXTERNAL_MODEL = 1 << 44;
    // In `totals`, counted from the caps' first bit.
    uint256 internal constant BORROWABLE = 1 << 28;
    uint256 internal constant LIMITED_OUTFLOW = 1 << 29;
    uint256 internal constant INSURED = 1 << 30;
    // In `token`.
    uint256 internal constant GRACE = 1 << 253;
    uint256 internal constant PAUSED = 1 << 254;
    uint256 internal constant FROZEN = 1 << 255;

    uint256 internal constant MASK_88 = type(uint88).max;
    uint256 internal constant MASK_112 = type(uint112).max;
    /// The most that may sit idle.
    uint256 internal constant MAX_IDLE = (1 << 93) - 1;
    uint256 private constant MASK_14 = (1 << 14) - 1;

    // ------------------------------------------------------------------ interest word

    function packInterest(uint256 supplyIndex_, uint256 debtIndex_, uint256 timestamp_, uint256 rates_)
        internal
        pure
        returns (Interest)
    {
        return Interest.wrap(supplyIndex_ | debtIndex_ << 88 | timestamp_ << 176 | rates_ << 208);
    }

    function supplyIndex(Interest i) internal pure returns (uint256) {
        return Interest.unwrap(i) & MASK_88;
    }

    function debtIndex(Interest i) internal pure returns (uint256) {
        return Interest.unwrap(i) >> 88 & MASK_88;
    }

    /// @notice Unix seconds up to which interest is in the indices.
    function timestamp(Interest i) internal pure returns (uint256) {
        return Interest.unwrap(i) >> 176 & type(uint32).max;
    }

    /// @notice Curve, reserve factor and flags.
    function rates(Interest i) internal pure returns (uint256) {
        return Interest.unwrap(i) >> 208;
    }

    /// @notice The protocol's part of interest, in per cent.
    function reserveFactor(Interest i) internal pure returns (uint256) {
        return Interest.unwrap(i) >> 208 + KinkedCurve.BITS & 127;
    }

    function hasExternalModel(Interest i) internal pure returns (bool) {
        return rates(i) & EXTERNAL_MODEL != 0;
    }

    // ------------------------------------------------------------------ totals word

    function supplyShares(Totals t) internal pure returns (uint256) {
        return Totals.unwrap(t) & MASK_112;
    }

    function debtShares(Totals t) internal pure returns (uint256) {
        return Totals.unwrap(t) >> 112 & MASK_112;
    }

    /// @notice Caps and flags.
    function limits(Totals t) internal pure returns (uint256) {
        return Totals.unwrap(t) >> 224;
    }

    function supplyCap(Totals t) internal pure returns (uint256) {
        return Caps.decode(limits(t) & MASK_14);
    }

    function borrowCap(Totals t) internal pure returns (uint256) {
        return Caps.decode(limits(t) >> 14 & MASK_14);
    }

    function isBorrowable(Totals t) internal pure returns (bool) {
        return limits(t) & BORROWABLE != 0;
    }

    function hasLimitedOutflow(Totals t) internal pure returns (bool) {
        return limits(t) & LIMITED_OUTFLOW != 0;
    }

    function isInsured(Totals t) internal pure returns (bool) {
        return limits(t) & INSURED != 0;
    }

    function addSupply(Totals t, uint256 shares) internal pure returns (Totals) {
        unchecked {
            uint256 sum = supplyShares(t) + shares;
            if (sum > MASK_112) revert IPoolErrors.SharesOverflow(sum);
            return Totals.wrap(Totals.unwrap(t) + shares);
        }
    }

    function addDebt(Totals t, uint256 shares) internal pure returns (Totals) {
        unchecked {
            uint256 sum = debtShares(t) + shares;
            if (sum > MASK_112) revert IPoolErrors.SharesOverflow(sum);
            return Totals.wrap(Totals.unwrap(t) + (shares << 112));
        }
    }

    /// @dev No borrow from the neighbouring field: an account's shares are part of the total.
    function removeSupply(Totals t, uint256 shares) internal pure returns (Totals) {
        unchecked {
            return Totals.wrap(Totals.unwrap(t) - shares);
        }
    }

    /// @dev As `removeSupply`.
    function removeDebt(Totals t, uint256 shares) internal pure returns (Totals) {
        unchecked {
            return Totals.wrap(Totals.unwrap(t) - (shares << 112));
        }
    }

    // ------------------------------------------------------------------ token word

    function addr(Token token) internal pure returns (address) {
        return address(uint160(Token.unwrap(token)));
    }

    function isPaused(Token token) internal pure returns (bool) {
        return Token.unwrap(token) & PAUSED != 0;
    }

    function isFrozen(Token token) internal pure returns (bool) {
        return Token.unwrap(token) & FROZEN != 0;
    }

    /// @notice Whether the reserve is paused, or was: then liquidations may have to wait for `graceEnd`.
    function wasPaused(Token token) internal pure returns (bool) {
        return Token.unwrap(token) & (PAUSED | GRACE) != 0;
    }

    /// @notice How much more may sit idle.
    function idleRoom(Token token) internal pure returns (uint256) {
        return Token.unwrap(token) >> 160 & MAX_IDLE;
    }

    /// @dev `assets` is at most the room.
    function addIdle(Token token, uint256 assets) internal pure returns (Token) {
        unchecked {
            return Token.wrap(Token.unwrap(token) - (assets << 160));
        }
    }

    /// @dev `assets` is part of what sits idle, so that the room stays at or below its cap, which fits.
    function removeIdle(Token token, uint256 assets) internal pure returns (Token) {
        unchecked {
            return Token.wrap(Token.unwrap(token) + (assets << 160));
        }
    }

    // ------------------------------------------------------------------ sums

    function supplyAssets(Totals t, Interest i) internal pure returns (uint256) {
        unchecked {
            return supplyShares(t) * supplyIndex(i) / WAD; // 112 + 88 bits
        }
    }

    function debtAssets(Totals t, Interest i) internal pure returns (uint256) {
        unchecked {
            return (debtShares(t) * debtIndex(i) + WAD - 1) / WAD; // 112 + 88 bits
        }
    }

    /// @notice What suppliers and borrowers may take out now. The protocol's income is not in it: it is always covered by
    /// tokens that are really there, and so is the first to absorb bad debt.
    function cash(Totals t, Interest i) internal pure returns (uint256) {
        return supplyAssets(t, i).zeroFloorSub(debtAssets(t, i));
    }

    /// @notice Debt over supply in WAD, cut at one; zero without debt.
    function utilization(Totals t, Interest i) internal pure returns (uint256) {
        uint256 debt = debtAssets(t, i);
        if (debt == 0) return 0;
        uint256 supplied = supplyAssets(t, i);
        unchecked {
            return debt >= supplied ? WAD : debt * WAD / supplied; // 141 + 60 bits
        }
    }

    // ------------------------------------------------------------------ accrual

    /// @notice Interest up to now, not stored, and the totals.
    function accrued(ReserveSlots storage slots, uint256 id) internal view returns (Interest, Totals totals) {
        totals = slots.totals;
        return (accrue(slots, slots.interest, totals, id), totals);
    }

    /// @notice As `accrued`, for who needs no totals: they are not read where this block has accrued already.
    function accruedInterest(ReserveSlots storage slots, uint256 id) internal view returns (Interest interest) {
        interest = slots.interest;
        if (timestamp(interest) != block.timestamp) interest = accrue(slots, interest, slots.totals, id);
    }

    /// @notice As `accrued`, for words that were read already. Without debt no model is asked.
    function accrue(ReserveSlots storage slots, Interest i, Totals t, uint256 id) internal view returns (Interest) {
        unchecked {
            uint256 elapsed = block.timestamp - timestamp(i);
            if (elapsed == 0) return i;
            return grow(i, t, debtShares(t) == 0 ? 0 : borrowRate(slots, i, t, id, elapsed));
        }
    }

    /// @notice Interest up to now at a rate per second in WAD.
    function grow(Interest i, Totals t, uint256 rate) internal view returns (Interest) {
        unchecked {
            uint256 supplyIndex_ = supplyIndex(i);
            uint256 debtIndex_ = debtIndex(i);
            // An index has 88 bits; the growth of 2^32 seconds at the greatest rate 93: the product fits.
            uint256 growth = Compounding.growth(rate, block.timestamp - timestamp(i));
            // Saturating, so that an index at its end stops interest and never an exit.
            uint256 grown = (debtIndex_ + (debtIndex_ * growth + WAD - 1) / WAD).min(MASK_88);
            uint256 supplied = supplyShares(t);
            if (supplied != 0) {
                // Interest in assets is the debt's shares * increase / WAD; its supplier part over supplied / WAD moves the supply index.
                uint256 interest = debtShares(t) * (grown - debtIndex_); // 112 + 88 bits
                supplyIndex_ = (supplyIndex_ + interest * (100 - reserveFactor(i)) / 100 / supplied).min(MASK_88);
            }
            return packInterest(supplyIndex_, grown, block.timestamp, rates(i));
        }
    }

    /// @notice The rate per second in WAD that the reserve charges: its curve's, or its external model's.
    function borrowRate(ReserveSlots storage slots, Interest i, Totals t, uint256 id, uint256 elapsed)
        internal
        view
        returns (uint256)
    {
        uint256 u = utilization(t, i);
        return hasExternalModel(i)
            ? modelRate(slots.model, address(this), id, i, u, elapsed)
            : KinkedCurve.borrowRate(rates(i), u);
    }

    /// @notice What an external model answers `pool`, at most `MAX_RATE`; where it does not answer, the reserve's own curve.
    function modelRate(address model, address pool, uint256 id, Interest i, uint256 u, uint256 elapsed)
        internal
        view
        returns (uint256)
    {
        bytes memory question = abi.encodeCall(IRateModel.borrowRate, (pool, id, u, elapsed));
        (bool ok, uint256 rate,) = Untrusted.ask(model, question, 1);
        return ok ? rate.min(Compounding.MAX_RATE) : KinkedCurve.borrowRate(rates(i), u);
    }

    /// @notice Lets an external model move its own state over an interval that has just been charged; both words as they were
    /// before.
    function notifyModel(ReserveSlots storage slots, Interest i, Totals t, uint256 id) internal {
        uint256 elapsed = block.timestamp - timestamp(i);
        if (elapsed == 0) return;
        Untrusted.tell(slots.model, abi.encodeCall(IRateModel.accrued, (id, utilization(t, i), elapsed)));
    }
}

/// @dev feed 160 | LTV 14 | threshold 14 | bonus floor 14 | bonus cap 14 | decimals 6 | maximum age 16 | fee 7 | minimum debt 9 |
/// threshold ramps | has a cautious feed
///
/// Fractions in steps of 0.01 %, the age in minutes, the fee in per cent of the bonus. `decimals` is the token's plus the feed's.
library RiskWord {
    uint256 internal constant RAMPS = 1 << 254;
    uint256 internal constant CAUTIOUS = 1 << 255;
    /// Feed, decimals, maximum age and whether there is a cautious feed.
    uint256 internal constant SOURCE =
        type(uint160).max | uint256(63) << 216 | uint256(type(uint16).max) << 222 | CAUTIOUS;
    uint256 private constant MASK_14 = (1 << 14) - 1;
    /// Of the least debt.
    uint256 internal constant MAX_MIN_DEBT_DIGITS = 15;

    function feed(Risk k) internal pure returns (address) {
        return address(uint160(Risk.unwrap(k)));
    }

    function ltv(Risk k) internal pure returns (uint256) {
        unchecked {
            return (Risk.unwrap(k) >> 160 & MASK_14) * BPS;
        }
    }

    /// @notice Where the threshold stands, or what it ramps down to.
    function threshold(Risk k) internal pure returns (uint256) {
        unchecked {
            return (Risk.unwrap(k) >> 174 & MASK_14) * BPS;
        }
    }

    function bonusFloor(Risk k) internal pure returns (uint256) {
        unchecked {
            return (Risk.unwrap(k) >> 188 & MASK_14) * BPS;
        }
    }

    function bonusCap(Risk k) internal pure returns (uint256) {
        unchecked {
            return (Risk.unwrap(k) >> 202 & MASK_14) * BPS;
        }
    }

    function decimals(Risk k) internal pure returns (uint256) {
        return Risk.unwrap(k) >> 216 & 63;
    }

    /// @notice Seconds.
    function maxAge(Risk k) internal pure returns (uint256) {
        unchecked {
            return (Risk.unwrap(k) >> 222 & type(uint16).max) * 60;
        }
    }

    /// @notice The protocol's share of the bonus.
    function liquidationFee(Risk k) internal pure returns (uint256) {
        unchecked {
            return (Risk.unwrap(k) >> 238 & 127) * 1e16;
        }
    }

    /// @notice The least debt, in raw units, that an account may be left with by borrowing: four bits of digits, five of zeros.
    function minDebt(Risk k) internal pure returns (uint256) {
        return Caps.unpack(Risk.unwrap(k) >> 245 & 511);
    }

    function isCautious(Risk k) internal pure returns (bool) {
        return Risk.unwrap(k) & CAUTIOUS != 0;
    }

    function ramps(Risk k) internal pure returns (bool) {
        return Risk.unwrap(k) & RAMPS != 0;
    }
}
