// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Categories, Category} from "../../../contracts/libraries/Categories.sol";
import {LiquidationTerms} from "../../../contracts/interfaces/ILiquidationModel.sol";
import {LiquidationWord} from "../../../contracts/libraries/LiquidationWord.sol";
import {Ramps} from "../../../contracts/libraries/Ramps.sol";
import {Interest, Reserves, Risk, RiskWord, Token, Totals} from "../../../contracts/libraries/Reserves.sol";
import {KinkedCurve} from "../../../contracts/rates/KinkedCurve.sol";
import {Symbolic} from "./Symbolic.sol";

/// @notice Packed words: every field comes back as it went in, and no write reaches a neighbour.
/// @dev What multiplies two unknowns is proved with z3 in tests/lemmas: Halmos does not come to an end of it. Nor does it know powers of
/// an unknown: the 2^14 codes of a cap are gone through one by one in Python.
contract WordsTest is Symbolic {
    function check_interest__packed__comes_back(uint88 supplyIndex, uint88 debtIndex, uint32 timestamp, uint48 rates)
        external
        pure
    {
        Interest i = Reserves.packInterest(supplyIndex, debtIndex, timestamp, rates);
        assert(i.supplyIndex() == supplyIndex);
        assert(i.debtIndex() == debtIndex);
        assert(i.timestamp() == timestamp);
        assert(i.rates() == rates);
        assert(i.reserveFactor() == rates >> 37 & 127);
        assert(i.hasExternalModel() == (rates >> 44 & 1 != 0));
    }

    function check_totals__supply_added__nothing_else_moves(uint256 word, uint256 shares) external view {
        Totals t = Totals.wrap(word);
        vm.assume(shares < 1 << 188); // see the lemma on shares of any amount
        try this.addSupply(t, shares) returns (Totals sum) {
            assert(sum.supplyShares() == t.supplyShares() + shares);
            assert(sum.debtShares() == t.debtShares());
            assert(sum.limits() == t.limits());
        } catch {
            assert(t.supplyShares() + shares > type(uint112).max);
        }
    }

    function check_totals__debt_added__nothing_else_moves(uint256 word, uint256 shares) external view {
        Totals t = Totals.wrap(word);
        vm.assume(shares < 1 << 188);
        try this.addDebt(t, shares) returns (Totals sum) {
            assert(sum.debtShares() == t.debtShares() + shares);
            assert(sum.supplyShares() == t.supplyShares());
            assert(sum.limits() == t.limits());
        } catch {
            assert(t.debtShares() + shares > type(uint112).max);
        }
    }

    function check_totals__part_removed__nothing_else_moves(uint256 word, uint112 supplied, uint112 debt)
        external
        pure
    {
        Totals t = Totals.wrap(word);
        vm.assume(supplied <= t.supplyShares() && debt <= t.debtShares());
        Totals left = t.removeSupply(supplied).removeDebt(debt);
        assert(left.supplyShares() == t.supplyShares() - supplied);
        assert(left.debtShares() == t.debtShares() - debt);
        assert(left.limits() == t.limits());
    }

    function check_token__idle_in_and_out__address_and_flags_stay(uint256 word, uint256 more, uint256 less)
        external
        pure
    {
        Token t = Token.wrap(word);
        vm.assume(more <= t.idleRoom());
        Token fuller = t.addIdle(more);
        assert(fuller.idleRoom() == t.idleRoom() - more);
        vm.assume(less <= Reserves.MAX_IDLE - fuller.idleRoom());
        Token emptier = fuller.removeIdle(less);
        assert(emptier.idleRoom() == fuller.idleRoom() + less);
        assert(emptier.addr() == t.addr());
        assert(emptier.isPaused() == t.isPaused() && emptier.isFrozen() == t.isFrozen());
        assert(emptier.wasPaused() == t.wasPaused());
    }

    function check_risk__other_source__terms_stay(uint256 word, uint256 other) external pure {
        Risk was = Risk.wrap(word);
        Risk k = Risk.wrap(word & ~RiskWord.SOURCE | other & RiskWord.SOURCE);
        assert(k.ltv() == was.ltv() && k.threshold() == was.threshold());
        assert(k.bonusFloor() == was.bonusFloor() && k.bonusCap() == was.bonusCap());
        assert(k.liquidationFee() == was.liquidationFee() && k.ramps() == was.ramps());
        Risk source = Risk.wrap(other);
        assert(k.feed() == source.feed() && k.decimals() == source.decimals());
        assert(k.maxAge() == source.maxAge() && k.isCautious() == source.isCautious());
    }

    function check_risk__all_fields__are_apart(uint160 feed, uint256 ltv, uint256 threshold, uint256 floor, uint256 cap)
        external
        pure
    {
        vm.assume(ltv < 1 << 14 && threshold < 1 << 14 && floor < 1 << 14 && cap < 1 << 14);
        Risk k = Risk.wrap(feed | ltv << 160 | threshold << 174 | floor << 188 | cap << 202);
        assert(k.feed() == address(feed));
        assert(k.ltv() == ltv * 1e14 && k.threshold() == threshold * 1e14);
        assert(k.bonusFloor() == floor * 1e14 && k.bonusCap() == cap * 1e14);
        assert(k.decimals() == 0 && k.maxAge() == 0 && k.liquidationFee() == 0);
        assert(!k.ramps() && !k.isCautious());
    }

    function check_category__all_fields__are_apart(
        uint64 collaterals,
        uint64 borrowables,
        uint256 ltv,
        uint256 threshold,
        bool isolated
    ) external pure {
        vm.assume(ltv < 1 << 14 && threshold < 1 << 14);
        uint256 word = collaterals | uint256(borrowables) << 64 | ltv << 128 | threshold << 142;
        Category c = Category.wrap(isolated ? word | Categories.ISOLATED : word);
        assert(c.collaterals() == collaterals && c.borrowables() == borrowables);
        assert(c.ltv() == ltv * 1e14 && c.threshold() == threshold * 1e14);
        assert(c.bonusFloor() == 0 && c.bonusCap() == 0);
        assert(c.isIsolated() == isolated);
    }

    function check_category__any_reserve__included_by_its_bit(uint256 word, uint8 id) external pure {
        vm.assume(id < 64);
        Category c = Category.wrap(word);
        assert(c.includes(id) == (c.collaterals() >> id & 1 != 0));
    }

    function check_liquidation__packed__comes_back(
        address model,
        uint16 target,
        uint16 full,
        uint24 dust,
        uint16 writeOffBelow
    ) external pure {
        uint256 word = LiquidationWord.pack(model, target, full, dust, writeOffBelow);
        LiquidationTerms memory t = LiquidationWord.terms(word);
        assert(LiquidationWord.model(word) == model);
        assert(t.targetHealth == uint256(target) * 1e14 && t.fullHealth == uint256(full) * 1e14);
        assert(t.dust == uint256(dust) * 1e18);
        assert(LiquidationWord.writeOffBelow(word) == uint256(writeOffBelow) * 1e18);
    }

    function check_curve__packed__comes_back(uint16 base, uint8 kink, uint16 slope1, uint16 slope2) external pure {
        KinkedCurve.Parameters memory p = KinkedCurve.Parameters(base, kink, slope1, slope2);
        if (!KinkedCurve.isValid(p)) return;
        KinkedCurve.Parameters memory q = KinkedCurve.unpack(KinkedCurve.pack(p));
        assert(q.base == base && q.kink == kink && q.slope1 == slope1 && q.slope2 == slope2);
        assert(KinkedCurve.pack(p) < 1 << KinkedCurve.BITS);
    }

    function check_ramp__packed__end_comes_back(uint256 from, uint40 start, uint40 end) external pure {
        vm.assume(from < 1 << 14);
        assert(Ramps.end(Ramps.pack(from, start, end)) == end);
    }

    function addSupply(Totals t, uint256 shares) external pure returns (Totals) {
        return t.addSupply(shares);
    }

    function addDebt(Totals t, uint256 shares) external pure returns (Totals) {
        return t.addDebt(shares);
    }
}
