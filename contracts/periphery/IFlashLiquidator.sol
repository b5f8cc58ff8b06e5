// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPool} from "../interfaces/IPool.sol";
import {ISwapVenue} from "./ISwapVenue.sol";

/// @dev An account to liquidate on a pair of assets, and where to sell the collateral.
struct Job {
    address account;
    uint256 debtId;
    uint256 collateralId;
    uint256 maxRepay; // in assets, as in `IPool.liquidate`; zero: repay nothing, write off what is bad debt
    uint256 minProfit; // in the debt's asset
    ISwapVenue venue; // not asked where one asset is both
    bytes route;
}

/// @dev What became of a job; amounts in raw token units.
struct Outcome {
    bool done;
    uint256 repaid;
    uint256 received; // of the collateral
    uint256 profit; // sent to the caller, in the debt's asset
    bytes reason; // why it was skipped: the first 256 bytes; empty also where the gas ran out
}

/// @title Liquidations without capital
/// @notice Takes the collateral first, sells it for the debt's asset at a venue that the caller picks, repays, and sends the caller all
/// that remains. It serves one pool, holds nothing between two calls and has no approvals then: whatever is left here, or was sent here
/// by mistake, goes to the next caller whose job concerns that token. Paid in supply shares one liquidates through the pool itself.
/// @dev The venue may be hostile: a job fails as a whole unless repayment and profit are there once it is done.
interface IFlashLiquidator {
    /// Only the pool calls back.
    error NotPool(address caller);
    /// Only the contract itself.
    error NotSelf(address caller);
    /// After the swap there was `held` of the debt's asset only, where repayment and minimum profit take `needed`.
    error TooLittleForDebt(uint256 held, uint256 needed);

    event JobDone(address indexed account, address indexed caller, uint256 repaid, uint256 received, uint256 profit);
    event JobSkipped(address indexed account, address indexed caller, bytes reason);

    /// @notice Liquidates one account.
    /// @dev Reverts as the pool's `liquidateAndCall` or `writeOff` does and with whatever the venue reverts; with TooLittleForDebt;
    /// with ReentrancyGuardReentrantCall from inside another call.
    function liquidate(Job calldata job) external returns (uint256 repaid, uint256 received, uint256 profit);

    /// @notice Does what can be done of a list, in its order. A job that fails leaves no trace but its reason.
    /// @param gasEach The most gas that a job may use. One that has less because the transaction's gas runs out is skipped too.
    function liquidateMany(Job[] calldata jobs, uint256 gasEach) external returns (Outcome[] memory outcomes);

    function pool() external view returns (IPool);
}
