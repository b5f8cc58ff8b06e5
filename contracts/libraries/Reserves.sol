// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KinkedCurve} from "../rates/KinkedCurve.sol";
import {IRateModel} from "../interfaces/IRateModel.sol";
import {Caps} from "./Caps.sol";
import {Compounding} from "./Compounding.sol";
import {Untrusted} from "./Untrusted.sol";
import {WAD, WadMath} from "./WadMath.sol";

/// @dev What a reserve keeps on chain. Lending touches `index`, `totals` and `token`; a health check reads `risk` as well.
///
/// index   supply index 88 | debt index 88 | timestamp 32 | kinked curve 37 | reserve factor 7 | flags 4
/// totals  supply shares 112 | debt shares 112 | supply cap 14 | borrow cap 14 | flags 4
/// risk    feed 160 | LTV 14 | threshold 14 | bonus floor 14 | bonus cap 14 | decimals 6 | maximum age 16 | fee 7 | spare 11
/// token   token 160 | headroom of idle collateral 94 (reserved) | paused 1 | frozen 1
/// model   external rate model 160 | spare 96
///
/// Lowest bits first. Indices are WAD at listing. `decimals` is the token's plus the feed's.
struct ReserveSlots {
    uint256 index;
    uint256 totals;
    uint256 risk;
    uint256 token;
    uint256 model;
    uint256[3] spare;
}

/// @dev A reserve at work: `index` and `totals` unpacked.
struct Reserve {
    uint256 supplyIndex; // WAD
    uint256 debtIndex; // WAD
    uint256 timestamp; // Unix seconds up to which interest is in the indices
    uint256 rates; // curve, reserve factor and flags, as packed in `index`
    uint256 supplyShares;
    uint256 debtShares;
    uint256 limits; // caps and flags, as packed in `totals`
}

/// @dev The part of a reserve that a health check reads.
struct Risk {
    address feed;
    uint256 ltv; // WAD, as all fractions here
    uint256 threshold;
    uint256 bonusFloor;
    uint256 bonusCap;
    uint256 decimals;
    uint256 maxAge; // seconds
    uint256 liquidationFee; // share of the bonus
}

/// @notice Packing of a reserve, its interest and its conversions between assets and shares.
library Reserves {
    using WadMath for uint256;

    /// In `rates`: an external model sets the rate.
    uint256 internal constant EXTERNAL_MODEL = 1 << 44;
    /// In `limits`: the asset may be borrowed.
    uint256 internal constant BORROWABLE = 1 << 28;
    /// In the token word.
    uint256 internal constant PAUSED = 1 << 254;
    uint256 internal constant FROZEN = 1 << 255;

    /// A supply index that a write-off drives under this is worth too little to go on with: the reserve freezes.
    uint256 internal constant MIN_SUPPLY_INDEX = 1e12;

    uint256 private constant MASK_88 = type(uint88).max;
    uint256 private constant MASK_112 = type(uint112).max;
    uint256 private constant MASK_14 = (1 << 14) - 1;
    uint256 private constant BPS = 1e14;

    error SharesOverflow(uint256 shares);

    // ------------------------------------------------------------------ packing

    function load(ReserveSlots storage slots) internal view returns (Reserve memory r) {
        uint256 word = slots.index;
        r.supplyIndex = word & MASK_88;
        r.debtIndex = word >> 88 & MASK_88;
        r.timestamp = word >> 176 & type(uint32).max;
        r.rates = word >> 208;
        word = slots.totals;
        r.supplyShares = word & MASK_112;
        r.debtShares = word >> 112 & MASK_112;
        r.limits = word >> 224;
    }

    /// @notice Writes the reserve back and returns both words, which events carry.
    function store(ReserveSlots storage slots, Reserve memory r) internal returns (uint256 index, uint256 totals) {
        if (r.supplyShares > MASK_112) revert SharesOverflow(r.supplyShares);
        if (r.debtShares > MASK_112) revert SharesOverflow(r.debtShares);
        index = r.supplyIndex | r.debtIndex << 88 | r.timestamp << 176 | r.rates << 208;
        totals = r.supplyShares | r.debtShares << 112 | r.limits << 224;
        slots.index = index;
        slots.totals = totals;
    }

    function loadRisk(ReserveSlots storage slots) internal view returns (Risk memory k) {
        uint256 word = slots.risk;
        k.feed = address(uint160(word));
        k.ltv = (word >> 160 & MASK_14) * BPS;
        k.threshold = (word >> 174 & MASK_14) * BPS;
        k.bonusFloor = (word >> 188 & MASK_14) * BPS;
        k.bonusCap = (word >> 202 & MASK_14) * BPS;
        k.decimals = word >> 216 & 63;
        k.maxAge = (word >> 222 & type(uint16).max) * 60;
        k.liquidationFee = (word >> 238 & 127) * 1e16;
    }

    /// @notice The supply index as last stored: at most the fresh one, because only a write-off lowers it and every write-off
    /// is stored at once. A safe value for collateral when somebody borrows or withdraws.
    function storedSupplyIndex(ReserveSlots storage slots) internal view returns (uint256) {
        return slots.index & MASK_88;
    }

    function supplyCap(Reserve memory r) internal pure returns (uint256) {
        return Caps.decode(r.limits & MASK_14);
    }

    function borrowCap(Reserve memory r) internal pure returns (uint256) {
        return Caps.decode(r.limits >> 14 & MASK_14);
    }

    function isBorrowable(Reserve memory r) internal pure returns (bool) {
        return r.limits & BORROWABLE != 0;
    }

    // ------------------------------------------------------------------ assets and shares

    function toSharesDown(uint256 assets, uint256 index) internal pure returns (uint256) {
        return assets.divDown(index);
    }

    function toSharesUp(uint256 assets, uint256 index) internal pure returns (uint256) {
        return assets.divUp(index);
    }

    function toAssetsDown(uint256 shares, uint256 index) internal pure returns (uint256) {
        return shares.mulDown(index);
    }

    function toAssetsUp(uint256 shares, uint256 index) internal pure returns (uint256) {
        return shares.mulUp(index);
    }

    function supplyAssets(Reserve memory r) internal pure returns (uint256) {
        return r.supplyShares.mulDown(r.supplyIndex);
    }

    function debtAssets(Reserve memory r) internal pure returns (uint256) {
        return r.debtShares.mulUp(r.debtIndex);
    }

    /// @notice What suppliers and borrowers may take out now. The protocol's income is not in it: it is always covered by
    /// tokens that are really there, and so is the first to absorb bad debt.
    function cash(Reserve memory r) internal pure returns (uint256) {
        return supplyAssets(r).zeroFloorSub(debtAssets(r));
    }

    /// @notice Debt over supply in WAD, cut at one; zero without debt.
    function utilization(Reserve memory r) internal pure returns (uint256) {
        uint256 debt = debtAssets(r);
        if (debt == 0) return 0;
        uint256 supplied = supplyAssets(r);
        return debt >= supplied ? WAD : debt.divDown(supplied);
    }

    /// @notice The protocol's part of interest, in per cent.
    function reserveFactor(Reserve memory r) internal pure returns (uint256) {
        return r.rates >> KinkedCurve.BITS & 127;
    }

    // ------------------------------------------------------------------ interest

    /// @notice The reserve with interest up to now, not stored.
    function accrued(ReserveSlots storage slots, uint256 id) internal view returns (Reserve memory r) {
        r = load(slots);
        uint256 elapsed = block.timestamp - r.timestamp;
        if (elapsed == 0) return r;
        r.timestamp = block.timestamp;
        if (r.debtShares == 0) return r;

        uint256 growth = Compounding.growth(borrowRate(slots, r, id, elapsed), elapsed);
        // Saturating, so that an index at its end stops interest and never an exit.
        uint256 debtIndex = (r.debtIndex + r.debtIndex.mulUp(growth)).min(MASK_88);
        if (r.supplyShares != 0) {
            // Interest in assets is debtShares * increase / WAD; its supplier part over supplyShares / WAD moves the supply index.
            uint256 interest = r.debtShares * (debtIndex - r.debtIndex);
            uint256 increase = interest * (100 - reserveFactor(r)) / 100 / r.supplyShares;
            r.supplyIndex = (r.supplyIndex + increase).min(MASK_88);
        }
        r.debtIndex = debtIndex;
    }

    /// @notice The rate per second in WAD that the reserve charges: its curve's, or its external model's.
    function borrowRate(ReserveSlots storage slots, Reserve memory r, uint256 id, uint256 elapsed)
        internal
        view
        returns (uint256)
    {
        uint256 u = utilization(r);
        if (r.rates & EXTERNAL_MODEL != 0) {
            bytes memory question = abi.encodeCall(IRateModel.borrowRate, (address(this), id, u, elapsed));
            (bool ok, uint256 rate,) = Untrusted.ask(address(uint160(slots.model)), question, 1);
            if (ok) return rate.min(Compounding.MAX_RATE);
        }
        return KinkedCurve.borrowRate(r.rates, u);
    }

    /// @notice Lets an external model move its own state over the interval that `accrued` is about to close.
    function notifyModel(ReserveSlots storage slots, uint256 id) internal {
        Reserve memory before = load(slots);
        uint256 elapsed = block.timestamp - before.timestamp;
        if (elapsed == 0) return;
        bytes memory message = abi.encodeCall(IRateModel.accrued, (id, utilization(before), elapsed));
        Untrusted.tell(address(uint160(slots.model)), message);
    }
}
