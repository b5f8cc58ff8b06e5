// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPoolErrors} from "../interfaces/IPoolErrors.sol";
import {LibBit} from "solady/utils/LibBit.sol";

/// @dev Where positions live. The first supply and the first debt of an account share one word; only an account with more
/// uses a word of bitmaps and one word per further reserve. A typical account (one collateral, one debt) is one slot.
///
/// words    supply shares 112 | debt shares 112 | supply id 6 | debt id 6 | category 8 | idle | collateral | has more | has gifts |
///          spare 8
/// bitmaps  further supplies 64 | further debts 64 | idle 64 | not collateral 64
/// further  supply shares 112 | debt shares 112 | spare 32
/// gifts    supplies that others have opened 64 | spare 192
///
/// Lowest bits first. Two rules hold after every write: an empty first place means that the account has nothing on that side,
/// and a reserve's shares are in the first place or in a further one, never in both.
///
/// A supply either earns or sits idle, never both in one reserve. Its position id says which: the reserve's id, or with the bit
/// `IDLE` set, where one share is one raw unit.
struct Ledger {
    mapping(address account => uint256) words;
    mapping(address account => uint256) bitmaps;
    mapping(address account => mapping(uint256 id => uint256)) further;
    mapping(address account => uint256) gifts;
}

/// @dev What an account has, as read once for a walk over it.
struct Holder {
    address account;
    uint256 word;
    uint256 bits; // bitmaps, read only when the account has more
}

/// @notice The positions of accounts: shares per reserve and side, whether they sit idle, and what counts as collateral.
library Positions {
    /// The two sides of an account; a side's number is also its place in each word.
    uint256 internal constant SUPPLY = 0;
    uint256 internal constant DEBT = 1;
    /// Set in a position id: the supply sits idle.
    uint256 internal constant IDLE = 64;

    uint256 private constant SHARES = type(uint112).max;
    uint256 private constant ID = 63;
    uint256 private constant CATEGORY_AT = 236;
    uint256 private constant IDLE_BIT = 1 << 244;
    uint256 private constant COLLATERAL_BIT = 1 << 245;
    uint256 private constant HAS_MORE = 1 << 246;
    uint256 private constant HAS_GIFTS = 1 << 247;
    uint256 private constant BITMAP = type(uint64).max;
    uint256 private constant IDLE_BITMAP_AT = 128;
    uint256 private constant NOT_COLLATERAL_BITMAP_AT = 192;

    // ------------------------------------------------------------------ reading

    function holder(Ledger storage self, address account) internal view returns (Holder memory h) {
        (h.account, h.word) = (account, self.words[account]);
        if (h.word & HAS_MORE != 0) h.bits = self.bitmaps[account];
    }

    /// @notice The account's category.
    function category(uint256 word) internal pure returns (uint256) {
        return word >> CATEGORY_AT & type(uint8).max;
    }

    function hasGifts(uint256 word) internal pure returns (bool) {
        return word & HAS_GIFTS != 0;
    }

    /// @notice The reserves in which the account supplies, as a bitmap.
    function supplies(Holder memory h) internal pure returns (uint256) {
        return _first(h.word, SUPPLY) | h.bits & BITMAP;
    }

    /// @notice The reserves in which the account owes, as a bitmap.
    function debts(Holder memory h) internal pure returns (uint256) {
        return _first(h.word, DEBT) | h.bits >> 64 & BITMAP;
    }

    /// @notice The reserves whose supply counts as collateral of the account, as a bitmap.
    function collaterals(Holder memory h) internal pure returns (uint256 bitmap) {
        bitmap = h.bits & BITMAP & ~(h.bits >> NOT_COLLATERAL_BITMAP_AT);
        if (h.word & COLLATERAL_BIT != 0) bitmap |= 1 << (h.word >> 224 & ID);
    }

    /// @notice Whether the account's supply in reserve `id`, if there is one, sits idle.
    function isIdle(Holder memory h, uint256 id) internal pure returns (bool) {
        if (h.word & SHARES != 0 && h.word >> 224 & ID == id) return h.word & IDLE_BIT != 0;
        return h.bits >> IDLE_BITMAP_AT + id & 1 != 0;
    }

    /// @notice The shares of the account in reserve `id` on `side`, in whichever mode.
    function sharesOf(Ledger storage self, Holder memory h, uint256 id, uint256 side) internal view returns (uint256) {
        uint256 first = h.word >> 112 * side & SHARES;
        if (first == 0 || h.word >> 224 + 6 * side & ID == id) return first;
        if (h.word & HAS_MORE == 0) return 0;
        return self.further[h.account][id] >> 112 * side & SHARES;
    }

    /// @notice The shares of a position id on the supply side: none if the supply is in the other mode.
    function supplyOf(Ledger storage self, address account, uint256 positionId) internal view returns (uint256) {
        Holder memory h = holder(self, account);
        uint256 id = positionId & ID;
        return isIdle(h, id) == (positionId & IDLE != 0) ? sharesOf(self, h, id, SUPPLY) : 0;
    }

    function debtOf(Ledger storage self, address account, uint256 id) internal view returns (uint256) {
        return sharesOf(self, holder(self, account), id, DEBT);
    }

    /// @notice Takes the lowest reserve out of a bitmap.
    function next(uint256 bitmap) internal pure returns (uint256 id, uint256 rest) {
        unchecked {
            return (LibBit.ffs(bitmap), bitmap & (bitmap - 1));
        }
    }

    // ------------------------------------------------------------------ writing

    /// @notice Adds shares, at least one. What is opened on the supply side is marked as `collateral` says.
    /// @return held Shares before. @return word The account's word before.
    function increase(
        Ledger storage self,
        address account,
        uint256 positionId,
        uint256 side,
        uint256 shares,
        bool collateral
    ) internal returns (uint256 held, uint256 word) {
        // A place with an id and no shares would lend its id to the next position.
        if (shares == 0) revert IPoolErrors.ZeroAmount();
        unchecked {
            word = self.words[account];
            held = word >> 112 * side & SHARES;
            uint256 id = positionId & ID;
            uint256 changed = word + (shares << 112 * side);
            if (held == 0) {
                changed |= id << 224 + 6 * side;
                if (side == SUPPLY) {
                    if (positionId & IDLE != 0) changed |= IDLE_BIT;
                    if (collateral) changed |= COLLATERAL_BIT;
                }
            } else if (word >> 224 + 6 * side & ID == id) {
                if (side == SUPPLY && (word & IDLE_BIT != 0) != (positionId & IDLE != 0)) {
                    revert IPoolErrors.OtherMode(account, positionId);
                }
            } else {
                return (_increaseFurther(self, account, word, positionId, side, shares, collateral), word);
            }
            // Shares are at most the reserve's total, which fits; idle units at most 94 bits.
            if (held + shares > SHARES) revert IPoolErrors.SharesOverflow(held + shares);
            self.words[account] = changed;
        }
    }

    /// @notice Removes shares. Says whether they counted as collateral.
    function decrease(Ledger storage self, address account, uint256 positionId, uint256 side, uint256 shares)
        internal
        returns (bool collateral)
    {
        unchecked {
            uint256 word = self.words[account];
            uint256 id = positionId & ID;
            collateral = word & COLLATERAL_BIT != 0;
            uint256 held = word >> 112 * side & SHARES;
            if (held != 0 && word >> 224 + 6 * side & ID != id) {
                return _decreaseFurther(self, account, word, positionId, side, shares);
            }
            if (side == SUPPLY && (word & IDLE_BIT != 0) != (positionId & IDLE != 0)) held = 0;
            if (shares > held) revert IPoolErrors.InsufficientShares(account, positionId, shares, held);
            if (shares == 0) return collateral;
            if (shares != held) word -= shares << 112 * side;
            else word = _closeFirst(self, account, word, side);
            self.words[account] = word;
        }
    }

    /// @notice Removes all shares of a side in reserve `id`, in whichever mode, of which there are some, and returns them.
    function close(Ledger storage self, address account, uint256 id, uint256 side)
        internal
        returns (uint256 shares, bool idle)
    {
        uint256 word = self.words[account];
        shares = word >> 112 * side & SHARES;
        if (shares != 0 && word >> 224 + 6 * side & ID == id) {
            idle = side == SUPPLY && word & IDLE_BIT != 0;
            self.words[account] = _closeFirst(self, account, word, side);
        } else {
            shares = self.further[account][id] >> 112 * side & SHARES;
            idle = side == SUPPLY && self.bitmaps[account] >> IDLE_BITMAP_AT + id & 1 != 0;
            _decreaseFurther(self, account, word, idle ? id | IDLE : id, side, shares);
        }
    }

    /// @notice Says whether the supply of `account` in reserve `id`, which must exist, counts as collateral. Then it is no gift.
    function setCollateral(Ledger storage self, address account, uint256 id, bool enabled) internal {
        uint256 word = self.words[account];
        if (hasGifts(word)) {
            uint256 gifts = self.gifts[account] & ~(1 << id);
            self.gifts[account] = gifts;
            if (gifts == 0) self.words[account] = word &= ~HAS_GIFTS;
        }
        if (word >> 224 & ID == id) {
            self.words[account] = enabled ? word | COLLATERAL_BIT : word & ~COLLATERAL_BIT;
        } else {
            uint256 bit = 1 << NOT_COLLATERAL_BITMAP_AT + id;
            uint256 bits = self.bitmaps[account];
            self.bitmaps[account] = enabled ? bits & ~bit : bits | bit;
        }
    }

    /// @notice Marks a supply that somebody else has just opened: it is no collateral until its owner supplies to it.
    /// @dev The mark outlives the supply, which does no harm: what is opened otherwise is collateral, or its owner has said that it
    /// is not.
    function give(Ledger storage self, address account, uint256 id) internal {
        self.gifts[account] |= 1 << id;
        self.words[account] |= HAS_GIFTS;
    }

    /// @notice Makes a gift collateral: its owner supplies to it.
    function accept(Ledger storage self, address account, uint256 id) internal {
        if (self.gifts[account] >> id & 1 != 0) setCollateral(self, account, id, true);
    }

    function setCategory(Ledger storage self, address account, uint256 category_) internal {
        self.words[account] =
            self.words[account] & ~(uint256(type(uint8).max) << CATEGORY_AT) | category_ << CATEGORY_AT;
    }

    // ------------------------------------------------------------------ the first place

    function _first(uint256 word, uint256 side) private pure returns (uint256 bitmap) {
        if (word >> 112 * side & SHARES != 0) bitmap = 1 << (word >> 224 + 6 * side & ID);
    }

    /// @dev Empties the first place on `side` and moves the lowest further position, if there is one, into it.
    function _closeFirst(Ledger storage self, address account, uint256 word, uint256 side) private returns (uint256) {
        word &= ~(SHARES << 112 * side | ID << 224 + 6 * side);
        if (side == SUPPLY) word &= ~(IDLE_BIT | COLLATERAL_BIT);
        if (word & HAS_MORE == 0) return word;

        uint256 bits = self.bitmaps[account];
        uint256 candidates = bits >> 64 * side & BITMAP;
        if (candidates == 0) return word;
        (uint256 id,) = next(candidates);
        uint256 position = self.further[account][id];
        word |= (position >> 112 * side & SHARES) << 112 * side | id << 224 + 6 * side;
        if (side == SUPPLY) {
            if (bits >> NOT_COLLATERAL_BITMAP_AT + id & 1 == 0) word |= COLLATERAL_BIT;
            if (bits >> IDLE_BITMAP_AT + id & 1 != 0) word |= IDLE_BIT;
        }
        self.further[account][id] = position & ~(SHARES << 112 * side);
        bits = _clear(bits, id, side);
        self.bitmaps[account] = bits;
        return bits == 0 ? word & ~HAS_MORE : word;
    }

    // ------------------------------------------------------------------ further places

    function _increaseFurther(
        Ledger storage self,
        address account,
        uint256 word,
        uint256 positionId,
        uint256 side,
        uint256 shares,
        bool collateral
    ) private returns (uint256 held) {
        uint256 id = positionId & ID;
        uint256 position = self.further[account][id];
        held = position >> 112 * side & SHARES;
        uint256 bits = self.bitmaps[account];
        bool idle = positionId & IDLE != 0;
        if (held != 0 && side == SUPPLY && (bits >> IDLE_BITMAP_AT + id & 1 != 0) != idle) {
            revert IPoolErrors.OtherMode(account, positionId);
        }
        if (held + shares > SHARES) revert IPoolErrors.SharesOverflow(held + shares);
        self.further[account][id] = position + (shares << 112 * side);
        if (held != 0) return held;
        bits |= 1 << 64 * side + id;
        if (side == SUPPLY && idle) bits |= 1 << IDLE_BITMAP_AT + id;
        if (side == SUPPLY && !collateral) bits |= 1 << NOT_COLLATERAL_BITMAP_AT + id;
        self.bitmaps[account] = bits;
        if (word & HAS_MORE == 0) self.words[account] = word | HAS_MORE;
    }

    function _decreaseFurther(
        Ledger storage self,
        address account,
        uint256 word,
        uint256 positionId,
        uint256 side,
        uint256 shares
    ) private returns (bool collateral) {
        uint256 id = positionId & ID;
        uint256 position = self.further[account][id];
        uint256 bits = word & HAS_MORE == 0 ? 0 : self.bitmaps[account];
        collateral = bits >> NOT_COLLATERAL_BITMAP_AT + id & 1 == 0;
        uint256 held = position >> 112 * side & SHARES;
        if (side == SUPPLY && (bits >> IDLE_BITMAP_AT + id & 1 != 0) != (positionId & IDLE != 0)) held = 0;
        if (shares > held) revert IPoolErrors.InsufficientShares(account, positionId, shares, held);
        if (shares == 0) return collateral;
        self.further[account][id] = position - (shares << 112 * side);
        if (shares != held) return collateral;
        bits = _clear(bits, id, side);
        self.bitmaps[account] = bits;
        if (bits == 0) self.words[account] = word & ~HAS_MORE;
    }

    /// @dev Closing a supply clears its two marks with it.
    function _clear(uint256 bits, uint256 id, uint256 side) private pure returns (uint256) {
        bits &= ~(1 << 64 * side + id);
        if (side == SUPPLY) bits &= ~(1 << IDLE_BITMAP_AT + id | 1 << NOT_COLLATERAL_BITMAP_AT + id);
        return bits;
    }
}
