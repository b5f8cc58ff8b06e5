// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {ISwapVenue} from "./ISwapVenue.sol";

/// @notice Uniswap v3's first router. A path is token, fee, token, fee, ... token, packed: 20 and 3 bytes each.
interface ISwapRouter {
    struct ExactInputParams {
        bytes path;
        address recipient;
        uint256 deadline;
        uint256 amountIn;
        uint256 amountOutMinimum;
    }

    function exactInput(ExactInputParams calldata params) external payable returns (uint256 amountOut);
}

/// @notice Its second router, which knows no deadline.
interface ISwapRouter02 {
    struct ExactInputParams {
        bytes path;
        address recipient;
        uint256 amountIn;
        uint256 amountOutMinimum;
    }

    function exactInput(ExactInputParams calldata params) external payable returns (uint256 amountOut);
}

/// @title Uniswap v3 as a venue
/// @notice A route is the router's path, from the token sold to the token bought. Holds nothing between two calls; sells only what its
/// caller has approved, to the caller.
contract UniswapV3Venue is ISwapVenue {
    using SafeERC20 for IERC20;

    /// The route does not lead from the one token to the other.
    error RouteMismatch(address tokenIn, address tokenOut);

    uint256 private constant ADDRESS = 20;
    uint256 private constant HOP = 23; // a fee and the next token

    address public immutable router;
    /// @notice Whether it is the first router, whose calls carry a deadline.
    bool public immutable hasDeadline;

    constructor(address router_, bool hasDeadline_) {
        (router, hasDeadline) = (router_, hasDeadline_);
    }

    /// @inheritdoc ISwapVenue
    /// @dev Reverts: RouteMismatch, and whatever router and tokens revert with.
    function swap(address tokenIn, address tokenOut, uint256 sold, uint256 minBought, bytes calldata route)
        external
        returns (uint256 bought)
    {
        _requireRoute(tokenIn, tokenOut, route);
        IERC20(tokenIn).safeTransferFrom(msg.sender, address(this), sold);
        IERC20(tokenIn).forceApprove(router, sold);
        bought = hasDeadline
            ? ISwapRouter(router)
                .exactInput(ISwapRouter.ExactInputParams(route, msg.sender, block.timestamp, sold, minBought))
            : ISwapRouter02(router).exactInput(ISwapRouter02.ExactInputParams(route, msg.sender, sold, minBought));
        // A pool whose liquidity ends takes less.
        uint256 rest = IERC20(tokenIn).balanceOf(address(this));
        if (rest != 0) {
            IERC20(tokenIn).forceApprove(router, 0);
            IERC20(tokenIn).safeTransfer(msg.sender, rest);
        }
    }

    function _requireRoute(address tokenIn, address tokenOut, bytes calldata route) private pure {
        uint256 length = route.length;
        bool leads = length >= ADDRESS + HOP && (length - ADDRESS) % HOP == 0
            && address(bytes20(route[:ADDRESS])) == tokenIn && address(bytes20(route[length - ADDRESS:])) == tokenOut;
        if (!leads) revert RouteMismatch(tokenIn, tokenOut);
    }
}
