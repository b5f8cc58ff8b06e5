// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IPool} from "../interfaces/IPool.sol";
import {ISwapVenue} from "../periphery/ISwapVenue.sol";

/// @notice A liquidator without capital as it should not be: anybody may call it back, its approvals stay, and what the venue leaves
/// stays too. For tests only.
contract MockNaiveLiquidator {
    IPool private immutable _pool;

    constructor(IPool pool) {
        _pool = pool;
    }

    function liquidate(address account, IERC20 debt, IERC20 collateral, ISwapVenue venue) external {
        bytes memory context = abi.encode(debt, collateral, venue);
        _pool.liquidateAndCall(
            account,
            _pool.reserveId(address(debt)),
            _pool.reserveId(address(collateral)),
            type(uint256).max,
            0,
            address(this),
            context
        );
        debt.transfer(msg.sender, debt.balanceOf(address(this)));
    }

    function onLiquidate(address, uint256 repaid, uint256 received, bytes calldata context) external {
        (IERC20 debt, IERC20 collateral, ISwapVenue venue) = abi.decode(context, (IERC20, IERC20, ISwapVenue));
        collateral.approve(address(venue), type(uint256).max);
        venue.swap(address(collateral), address(debt), received, repaid, "");
        debt.approve(address(_pool), type(uint256).max);
    }
}
