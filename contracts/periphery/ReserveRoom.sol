// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IPool} from "../interfaces/IPool.sol";
import {ReserveData} from "../interfaces/IPoolExtension.sol";
import {Amounts} from "../libraries/Amounts.sol";
import {WAD, WadMath} from "../libraries/WadMath.sol";

/// @notice How much a reserve takes and pays now, to the unit: one more would revert. These are the pool's own conditions, solved
/// for the amount.
/// @dev Shares have 112 bits, indices 88, caps and limits 113: no product here has more than 201.
library ReserveRoom {
    using WadMath for uint256;

    uint256 private constant MAX_SHARES = type(uint112).max;

    /// @notice The reserve now. Not `ok` in the middle of an action of the pool.
    function tryRead(IPool pool, uint256 id) internal view returns (bool ok, ReserveData memory d) {
        try pool.reserveData(id) returns (ReserveData memory data) {
            return (true, data);
        } catch {}
    }

    // ------------------------------------------------------------------ in

    /// @notice The most shares that can be minted: none while paused or frozen.
    function mintable(ReserveData memory d) internal pure returns (uint256) {
        if (d.paused || d.frozen || d.supplyIndex == 0) return 0;
        return MAX_SHARES.min(_worthAtMost(d.supplyCap, d.supplyIndex)).zeroFloorSub(d.supplyShares);
    }

    /// @notice The most assets that can be supplied.
    function suppliable(ReserveData memory d) internal pure returns (uint256) {
        uint256 shares = mintable(d);
        // What buys less than one share more: floor(assets * WAD / index) <= shares.
        return shares == 0 ? 0 : (((shares + 1) * d.supplyIndex - 1) / WAD).min(Amounts.LIMIT);
    }

    // ------------------------------------------------------------------ out

    /// @notice The most of `held` shares that can be withdrawn as shares. What is worth nothing always can.
    function redeemable(ReserveData memory d, IPool pool, uint256 held) internal view returns (uint256) {
        uint256 index = d.supplyIndex;
        if (index == 0) return held;
        uint256 free = _uncommitted(d);
        uint256 worthless = (WAD - 1) / index;
        if (free < worthless) free = worthless;
        return held.min(free).min(_worthAtMost(_payable(d, pool), index));
    }

    /// @notice The most assets that can be withdrawn from `held` shares.
    function withdrawable(ReserveData memory d, IPool pool, uint256 held) internal view returns (uint256) {
        if (d.supplyIndex == 0) return 0;
        return held.min(_uncommitted(d)).mulDown(d.supplyIndex).min(_payable(d, pool));
    }

    /// @dev The shares that can go while what stays still covers the debt.
    function _uncommitted(ReserveData memory d) private pure returns (uint256) {
        return d.supplyShares.zeroFloorSub(d.debtAssets.divUp(d.supplyIndex));
    }

    /// @dev Under the limit on outflow, and there: within a callback the pool's tokens may be on loan.
    function _payable(ReserveData memory d, IPool pool) private view returns (uint256) {
        return d.outflowRoom.min(IERC20(d.token).balanceOf(address(pool)));
    }

    /// @dev The most shares s with floor(s * index / WAD) <= assets.
    function _worthAtMost(uint256 assets, uint256 index) private pure returns (uint256) {
        return assets > Amounts.LIMIT ? type(uint256).max : ((assets + 1) * WAD - 1) / index;
    }
}
