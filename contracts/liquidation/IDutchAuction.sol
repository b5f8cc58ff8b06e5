// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPool} from "../interfaces/IPool.sol";
import {ILiquidationModel} from "../interfaces/ILiquidationModel.sol";

/// @title Dutch auction of the liquidation bonus
/// @notice A liquidation model for one pool. The bonus on an account rises from the collateral's floor to its cap, in a line over
/// `duration` seconds since somebody has started the account's auction; without one it is the floor, so that nothing ever waits for
/// a start. How much may be repaid at that bonus is the target-health rule's answer.
///
/// An auction ends `lifetime` seconds after its start, or before when somebody stops it, which takes a healthy account. It begins
/// anew only then, from the floor.
/// @dev Answers the pool and whoever else asks alike. Health in WAD, times in seconds.
interface IDutchAuction is ILiquidationModel {
    /// Not `0 < duration <= lifetime <= 1 day`.
    error DurationOutOfRange(uint256 duration, uint256 lifetime);
    /// The account's auction began at `startedAt` and still runs.
    error AuctionRunning(address account, uint256 startedAt);
    /// No auction of the account runs.
    error NoAuction(address account);
    /// An auction is stopped only where nothing is left to liquidate.
    error Unhealthy(address account, uint256 health);

    event AuctionStarted(address indexed account, address indexed caller, uint256 health);
    event AuctionStopped(address indexed account, address indexed caller, uint256 health);

    /// @notice Starts the auction of an unhealthy account. Anyone may, also while a pause, or the grace after it, keeps everybody from
    /// liquidating: the bonus rises meanwhile, and stands where it stands when they end.
    /// @dev Reverts: AuctionRunning; of the pool Healthy, and Reentrancy in the middle of an action.
    function start(address account) external;

    /// @notice Ends the auction of an account that is healthy again, so that its next one starts from the floor. Anyone may.
    /// @dev Reverts: NoAuction, Unhealthy; of the pool Reentrancy.
    function stop(address account) external;

    /// @notice How far between floor and cap the account's bonus is, WAD; zero without an auction.
    function progress(address account) external view returns (uint256);

    /// @notice Unix seconds; zero if there never was one, or it was stopped.
    function startedAt(address account) external view returns (uint256);

    function pool() external view returns (IPool);
    function duration() external view returns (uint256);
    function lifetime() external view returns (uint256);
}
