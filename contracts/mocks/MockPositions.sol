// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Holder, Ledger, Positions} from "../libraries/Positions.sol";

/// @notice The positions library by itself, to be compared with a plain dictionary. For tests only.
contract MockPositions {
    using Positions for Ledger;
    using Positions for Holder;

    Ledger private _ledger;

    function increase(address account, uint256 positionId, uint256 side, uint256 shares, bool collateral)
        external
        returns (uint256 held, uint256 category)
    {
        (held, category) = _ledger.increase(account, positionId, side, shares, collateral);
        category = Positions.category(category);
    }

    function decrease(address account, uint256 positionId, uint256 side, uint256 shares)
        external
        returns (bool collateral)
    {
        return _ledger.decrease(account, positionId, side, shares);
    }

    function give(address account, uint256 id) external {
        _ledger.give(account, id);
    }

    function accept(address account, uint256 id) external {
        _ledger.accept(account, id);
    }

    function setCollateral(address account, uint256 id, bool enabled) external {
        _ledger.setCollateral(account, id, enabled);
    }

    function setCategory(address account, uint256 category) external {
        _ledger.setCategory(account, category);
    }

    function supplyOf(address account, uint256 positionId) external view returns (uint256) {
        return _ledger.supplyOf(account, positionId);
    }

    /// @notice Everything about an account: its bitmaps, category and the shares of every id and side.
    function all(address account)
        external
        view
        returns (
            uint256 supplies,
            uint256 debts,
            uint256 collaterals,
            uint256 idle,
            uint256 category,
            uint256[64] memory supply,
            uint256[64] memory debt
        )
    {
        Holder memory h = _ledger.holder(account);
        (supplies, debts, collaterals) = (h.supplies(), h.debts(), h.collaterals());
        category = Positions.category(h.word);
        for (uint256 id; id < 64; ++id) {
            if (h.isIdle(id)) idle |= 1 << id;
            supply[id] = _ledger.sharesOf(h, id, Positions.SUPPLY);
            debt[id] = _ledger.sharesOf(h, id, Positions.DEBT);
        }
    }

    /// @notice The two words of an account.
    function words(address account) external view returns (uint256 word, uint256 bitmaps) {
        return (_ledger.words[account], _ledger.bitmaps[account]);
    }
}
