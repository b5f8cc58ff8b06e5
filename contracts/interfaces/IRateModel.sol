// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Rate model
/// @notice What borrowing costs. The pool carries a kinked curve for every reserve in its hot word and needs no call for
/// it; a reserve whose external model is set asks this interface instead.
/// @dev What the pool assumes and how it protects itself: a model that reverts, answers short or uses more gas than
/// `Untrusted.GAS` falls back to the reserve's own curve, and every answer is cut at `Compounding.MAX_RATE`. No model can block an exit.
interface IRateModel {
    /// @notice The borrow rate per second in WAD, averaged over the `elapsed` seconds that end now.
    /// @param pool The pool that asks.
    /// @param id The reserve's id in that pool.
    /// @param utilization Debt over supply in WAD during that time, at most one.
    /// @param elapsed Seconds since the reserve was last accrued; zero asks for the rate of this moment.
    function borrowRate(address pool, uint256 id, uint256 utilization, uint256 elapsed)
        external
        view
        returns (uint256 ratePerSecond);

    /// @notice Tells the model that its caller, a pool, has accrued reserve `id`, so that a model with a state of its own can
    /// move it. Called after `borrowRate` of the same interval. A model must key its state by `msg.sender`.
    function accrued(uint256 id, uint256 utilization, uint256 elapsed) external;
}
