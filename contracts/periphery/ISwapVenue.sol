// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A place to swap tokens
/// @notice Sells `sold` of `tokenIn`, which it takes from the caller by an allowance of just that, and gives the caller at least
/// `minBought` of `tokenOut`. What it does not sell it leaves with the caller or gives back. Amounts in raw token units.
/// @dev Callers do not trust it: they measure what came.
interface ISwapVenue {
    /// @param route What the venue needs to know of the way, in its own encoding.
    function swap(address tokenIn, address tokenOut, uint256 sold, uint256 minBought, bytes calldata route)
        external
        returns (uint256 bought);
}
