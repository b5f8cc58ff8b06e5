// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Holder, Ledger, Positions} from "../../../contracts/libraries/Positions.sol";
import {Symbolic} from "./Symbolic.sol";

/// @notice The word of an account: what is written on one side leaves the other, the marks and other accounts alone.
/// @dev An account's first places, which one word holds. Further places are compared with a dictionary in tests/unit/positions.
contract PositionsTest is Symbolic {
    using Positions for Ledger;
    using Positions for Holder;

    uint256 private constant SHARES = type(uint112).max;
    uint256 private constant CATEGORY = uint256(type(uint8).max) << 236;

    Ledger private _ledger;

    function check_increase__empty_account__is_what_was_added(
        address account,
        uint256 positionId,
        uint256 shares,
        bool collateral
    ) external {
        vm.assume(positionId < 128 && shares != 0 && shares <= SHARES);
        _ledger.increase(account, positionId, Positions.SUPPLY, shares, collateral);
        Holder memory h = _ledger.holder(account);
        uint256 id = positionId & 63;
        assert(_ledger.supplyOf(account, positionId) == shares);
        assert(_ledger.supplyOf(account, positionId ^ Positions.IDLE) == 0);
        assert(h.isIdle(id) == (positionId >= Positions.IDLE));
        assert(h.supplies() == 1 << id && h.debts() == 0);
        assert(h.collaterals() == (collateral ? 1 << id : 0));
    }

    function check_increase__debt__supply_and_marks_stay(address account, uint256 word, uint256 id, uint256 shares)
        external
    {
        word = _simple(word);
        vm.assume(id < 64 && shares != 0 && shares <= SHARES);
        vm.assume(word >> 112 & SHARES == 0);
        _ledger.words[account] = word;
        _ledger.increase(account, id, Positions.DEBT, shares, false);
        uint256 changed = _ledger.words[account];
        uint256 debtFields = SHARES << 112 | 63 << 230;
        assert(changed & ~debtFields == word & ~debtFields);
        assert(_ledger.debtOf(account, id) == shares);
    }

    function check_decrease__part_of_the_supply__debt_and_marks_stay(address account, uint256 word, uint256 shares)
        external
    {
        word = _simple(word);
        uint256 held = word & SHARES;
        vm.assume(shares != 0 && shares < held);
        _ledger.words[account] = word;
        uint256 id = word >> 224 & 63;
        uint256 positionId = _ledger.holder(account).isIdle(id) ? id | Positions.IDLE : id;
        _ledger.decrease(account, positionId, Positions.SUPPLY, shares);
        uint256 changed = _ledger.words[account];
        assert(changed & SHARES == held - shares);
        assert(changed & ~SHARES == word & ~SHARES);
    }

    function check_decrease__all_of_the_supply__leaves_no_mark(address account, uint256 word) external {
        word = _simple(word);
        uint256 held = word & SHARES;
        vm.assume(held != 0);
        _ledger.words[account] = word;
        uint256 id = word >> 224 & 63;
        uint256 positionId = _ledger.holder(account).isIdle(id) ? id | Positions.IDLE : id;
        _ledger.decrease(account, positionId, Positions.SUPPLY, held);
        Holder memory h = _ledger.holder(account);
        assert(h.supplies() == 0 && h.collaterals() == 0);
        assert(h.word >> 224 & 63 == 0 && h.word >> 244 & 3 == 0);
        assert(h.word >> 112 & SHARES == word >> 112 & SHARES);
    }

    function check_decrease__more_than_held__reverts(address account, uint256 word, uint256 side, uint256 shares)
        external
    {
        word = _simple(word);
        vm.assume(side < 2);
        uint256 held = word >> 112 * side & SHARES;
        vm.assume(shares > held);
        _ledger.words[account] = word;
        uint256 id = word >> 224 + 6 * side & 63;
        try this.decrease(account, id, side, shares) {
            assert(false);
        } catch {}
    }

    function check_increase__beyond_112_bits__reverts(address account, uint256 word, uint256 shares) external {
        word = _simple(word);
        uint256 held = word >> 112 & SHARES;
        vm.assume(held != 0 && shares < 1 << 188 && held + shares > SHARES);
        _ledger.words[account] = word;
        try this.increase(account, word >> 230 & 63, Positions.DEBT, shares) {
            assert(false);
        } catch {}
    }

    function check_write__one_account__the_other_stays(
        address account,
        address other,
        uint256 word,
        uint256 positionId,
        uint256 shares
    ) external {
        vm.assume(account != other && positionId < 128 && shares != 0 && shares <= SHARES);
        _ledger.words[other] = word;
        _ledger.increase(account, positionId, Positions.SUPPLY, shares, true);
        assert(_ledger.words[other] == word);
        assert(_ledger.bitmaps[other] == 0);
    }

    function check_category__chosen__nothing_else_moves(address account, uint256 word, uint8 category) external {
        _ledger.words[account] = word;
        _ledger.setCategory(account, category);
        uint256 changed = _ledger.words[account];
        assert(Positions.category(changed) == category);
        assert(changed & ~CATEGORY == word & ~CATEGORY);
    }

    function check_collateral__set__its_bit_alone_moves(address account, uint256 word, bool enabled) external {
        word = _simple(word);
        vm.assume(word & SHARES != 0);
        _ledger.words[account] = word;
        _ledger.setCollateral(account, word >> 224 & 63, enabled);
        uint256 changed = _ledger.words[account];
        assert((changed >> 245 & 1 != 0) == enabled);
        assert(changed & ~uint256(1 << 245) == word & ~uint256(1 << 245));
    }

    function check_next__any_bitmap__lowest_comes_out(uint64 bitmap) external pure {
        vm.assume(bitmap != 0);
        (uint256 id, uint256 rest) = Positions.next(bitmap);
        assert(id < 64 && bitmap >> id & 1 != 0);
        assert(rest == bitmap ^ uint256(1) << id);
        assert(bitmap & ((uint256(1) << id) - 1) == 0);
    }

    function increase(address account, uint256 positionId, uint256 side, uint256 shares) external {
        _ledger.increase(account, positionId, side, shares, true);
    }

    function decrease(address account, uint256 positionId, uint256 side, uint256 shares) external {
        _ledger.decrease(account, positionId, side, shares);
    }

    /// @dev An account with first places only, as every write leaves it: an empty place has no id and no marks.
    function _simple(uint256 word) private pure returns (uint256) {
        word &= (1 << 246) - 1;
        if (word & SHARES == 0) word &= ~uint256(63 << 224 | 3 << 244);
        if (word >> 112 & SHARES == 0) word &= ~uint256(63 << 230);
        return word;
    }
}
