// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ledger, Positions} from "../libraries/Positions.sol";

/// @notice The positions library by itself, to be compared with a plain dictionary. For tests only.
contract MockPositions {
    using Positions for Ledger;

    Ledger private _ledger;

    function setShares(address account, uint256 id, uint256 side, uint256 shares) external {
        _ledger.setShares(account, id, side, shares);
    }

    function setCollateral(address account, uint256 id, bool enabled) external {
        _ledger.setCollateral(account, id, enabled);
    }

    function sharesOf(address account, uint256 id, uint256 side) external view returns (uint256) {
        return _ledger.sharesOf(account, id, side);
    }

    /// @notice Everything about an account: both bitmaps, the collaterals and the shares of every id and side.
    function all(address account)
        external
        view
        returns (
            uint256 supplies,
            uint256 debts,
            uint256 collaterals,
            uint256[64] memory supply,
            uint256[64] memory debt
        )
    {
        supplies = _ledger.reservesOf(account, Positions.SUPPLY);
        debts = _ledger.reservesOf(account, Positions.DEBT);
        collaterals = _ledger.collateralsOf(account);
        for (uint256 id; id < 64; ++id) {
            supply[id] = _ledger.sharesOf(account, id, Positions.SUPPLY);
            debt[id] = _ledger.sharesOf(account, id, Positions.DEBT);
        }
    }

    /// @notice The two words of an account.
    function words(address account) external view returns (uint256 word, uint256 bitmaps) {
        return (_ledger.words[account], _ledger.bitmaps[account]);
    }
}
