// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibBit} from "solady/utils/LibBit.sol";

/// @dev Where positions live. The first supply and the first debt of an account share one word; only an account with more
/// uses a word of bitmaps and one word per further reserve. A typical account (one collateral, one debt) is one slot.
///
/// words    supply shares 112 | debt shares 112 | supply id 6 | debt id 6 | category 8 (reserved) | idle (reserved) |
///          collateral | has more | spare 9
/// bitmaps  further supplies 64 | further debts 64 | idle (reserved) 64 | not collateral 64
/// further  supply shares 112 | debt shares 112 | spare 32
///
/// Lowest bits first. Two rules hold after every write: an empty first place means that the account has nothing on that side,
/// and a reserve's shares are in the first place or in a further one, never in both.
struct Ledger {
    mapping(address account => uint256) words;
    mapping(address account => uint256) bitmaps;
    mapping(address account => mapping(uint256 id => uint256)) further;
}

/// @notice The positions of accounts: shares per reserve and side, and what counts as collateral.
library Positions {
    /// The two sides of an account; a side's number is also its place in each word.
    uint256 internal constant SUPPLY = 0;
    uint256 internal constant DEBT = 1;

    uint256 private constant SHARES = type(uint112).max;
    uint256 private constant ID = 63;
    uint256 private constant IDLE = 1 << 244;
    uint256 private constant COLLATERAL = 1 << 245;
    uint256 private constant HAS_MORE = 1 << 246;
    uint256 private constant BITMAP = type(uint64).max;
    uint256 private constant IDLE_BITMAP_AT = 128;
    uint256 private constant NOT_COLLATERAL_BITMAP_AT = 192;

    // ------------------------------------------------------------------ reading

    /// @notice The shares of `account` in reserve `id` on `side`.
    function sharesOf(Ledger storage self, address account, uint256 id, uint256 side) internal view returns (uint256) {
        uint256 word = self.words[account];
        uint256 first = word >> 112 * side & SHARES;
        if (first == 0 || word >> 224 + 6 * side & ID == id) return first;
        if (word & HAS_MORE == 0) return 0;
        return self.further[account][id] >> 112 * side & SHARES;
    }

    /// @notice The reserves in which `account` has something on `side`, as a bitmap.
    function reservesOf(Ledger storage self, address account, uint256 side) internal view returns (uint256 bitmap) {
        uint256 word = self.words[account];
        if (word >> 112 * side & SHARES == 0) return 0;
        bitmap = 1 << (word >> 224 + 6 * side & ID);
        if (word & HAS_MORE != 0) bitmap |= self.bitmaps[account] >> 64 * side & BITMAP;
    }

    /// @notice The reserves whose supply counts as collateral of `account`, as a bitmap.
    function collateralsOf(Ledger storage self, address account) internal view returns (uint256 bitmap) {
        uint256 word = self.words[account];
        if (word & COLLATERAL != 0) bitmap = 1 << (word >> 224 & ID);
        if (word & HAS_MORE != 0) {
            uint256 bits = self.bitmaps[account];
            bitmap |= bits & BITMAP & ~(bits >> NOT_COLLATERAL_BITMAP_AT);
        }
    }

    /// @notice Takes the lowest reserve out of a bitmap.
    function next(uint256 bitmap) internal pure returns (uint256 id, uint256 rest) {
        return (LibBit.ffs(bitmap), bitmap & (bitmap - 1));
    }

    // ------------------------------------------------------------------ writing

    /// @notice Sets the shares of `account` in reserve `id` on `side`. A supply that is opened counts as collateral.
    function setShares(Ledger storage self, address account, uint256 id, uint256 side, uint256 shares) internal {
        uint256 word = self.words[account];
        if (word >> 112 * side & SHARES == 0 || word >> 224 + 6 * side & ID == id) {
            self.words[account] = _setFirst(self, account, word, id, side, shares);
        } else {
            _setFurther(self, account, word, id, side, shares);
        }
    }

    /// @notice Says whether the supply of `account` in reserve `id`, which must exist, counts as collateral.
    function setCollateral(Ledger storage self, address account, uint256 id, bool enabled) internal {
        uint256 word = self.words[account];
        if (word >> 224 & ID == id) {
            self.words[account] = enabled ? word | COLLATERAL : word & ~COLLATERAL;
        } else {
            uint256 bit = 1 << NOT_COLLATERAL_BITMAP_AT + id;
            uint256 bits = self.bitmaps[account];
            self.bitmaps[account] = enabled ? bits & ~bit : bits | bit;
        }
    }

    function _setFirst(Ledger storage self, address account, uint256 word, uint256 id, uint256 side, uint256 shares)
        private
        returns (uint256)
    {
        bool opens = word >> 112 * side & SHARES == 0;
        word = _place(word, id, side, shares);
        if (side == SUPPLY && (opens || shares == 0)) {
            word = shares == 0 ? word & ~(IDLE | COLLATERAL) : word & ~IDLE | COLLATERAL;
        }
        if (shares == 0 && word & HAS_MORE != 0) word = _promote(self, account, word, side);
        return word;
    }

    /// @dev Moves the lowest further position on `side`, if there is one, into the first place that has just become empty.
    function _promote(Ledger storage self, address account, uint256 word, uint256 side) private returns (uint256) {
        uint256 bits = self.bitmaps[account];
        uint256 candidates = bits >> 64 * side & BITMAP;
        if (candidates == 0) return word;

        (uint256 id,) = next(candidates);
        uint256 position = self.further[account][id];
        word = _place(word, id, side, position >> 112 * side & SHARES);
        if (side == SUPPLY) {
            if (bits >> NOT_COLLATERAL_BITMAP_AT + id & 1 == 0) word |= COLLATERAL;
            if (bits >> IDLE_BITMAP_AT + id & 1 != 0) word |= IDLE;
        }
        self.further[account][id] = position & ~(SHARES << 112 * side);
        bits = _clear(bits, id, side);
        self.bitmaps[account] = bits;
        return bits == 0 ? word & ~HAS_MORE : word;
    }

    function _setFurther(Ledger storage self, address account, uint256 word, uint256 id, uint256 side, uint256 shares)
        private
    {
        uint256 position = self.further[account][id];
        self.further[account][id] = position & ~(SHARES << 112 * side) | shares << 112 * side;

        uint256 bits = self.bitmaps[account];
        uint256 changed = shares == 0 ? _clear(bits, id, side) : bits | 1 << 64 * side + id;
        if (changed == bits) return;
        self.bitmaps[account] = changed;
        uint256 marked = changed == 0 ? word & ~HAS_MORE : word | HAS_MORE;
        if (marked != word) self.words[account] = marked;
    }

    function _place(uint256 word, uint256 id, uint256 side, uint256 shares) private pure returns (uint256) {
        word &= ~(SHARES << 112 * side | ID << 224 + 6 * side);
        return shares == 0 ? word : word | shares << 112 * side | id << 224 + 6 * side;
    }

    /// @dev Closing a supply clears its two marks with it.
    function _clear(uint256 bits, uint256 id, uint256 side) private pure returns (uint256) {
        bits &= ~(1 << 64 * side + id);
        if (side == SUPPLY) bits &= ~(1 << IDLE_BITMAP_AT + id | 1 << NOT_COLLATERAL_BITMAP_AT + id);
        return bits;
    }
}
