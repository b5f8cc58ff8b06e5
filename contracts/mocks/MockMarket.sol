// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {ISwapVenue} from "../periphery/ISwapVenue.sol";
import {MockToken} from "./MockToken.sol";

/// @notice Markets with a price and a depth each, for tokens that anyone may mint. Selling v of value where u still weighs on a market
/// of depth Q, and buying likewise, brings what a pool that holds Q on both sides would:
///
///     Q^2 v / ((Q + u) (Q + u + v))
///
/// of which half of what weighs is gone after every half-life. For local chains only.
contract MockMarket is ISwapVenue {
    using FixedPointMathLib for uint256;

    struct Market {
        uint256 price; // of a whole token, WAD
        uint256 depth; // value, WAD
        uint256 sold; // what weighs, value, WAD
        uint256 bought;
        uint256 tradedAt;
    }

    error TooLittle(uint256 bought, uint256 minBought);

    int256 private constant LN2 = 693147180559945309; // WAD

    uint256 public immutable halfLife; // seconds
    mapping(address token => Market) private _markets;

    constructor(uint256 halfLife_) {
        halfLife = halfLife_;
    }

    /// @notice Opens markets, or changes them.
    function open(address[] calldata tokens, uint256[] calldata depths) external {
        for (uint256 i; i < tokens.length; ++i) {
            _markets[tokens[i]].depth = depths[i];
        }
    }

    /// @notice Tells the prices of now.
    function tell(address[] calldata tokens, uint256[] calldata prices) external {
        for (uint256 i; i < tokens.length; ++i) {
            _markets[tokens[i]].price = prices[i];
        }
    }

    /// @inheritdoc ISwapVenue
    function swap(address tokenIn, address tokenOut, uint256 sold, uint256 minBought, bytes calldata)
        external
        returns (uint256 bought)
    {
        (Market storage i, Market storage o) = (_rested(tokenIn), _rested(tokenOut));
        uint256 value = sold.fullMulDiv(i.price, _whole(tokenIn));
        i.sold += value;
        value = _proceeds(i.depth, i.sold - value, value);
        o.bought += value;
        value = _proceeds(o.depth, o.bought - value, value);
        bought = value.fullMulDiv(_whole(tokenOut), o.price);
        if (bought < minBought) revert TooLittle(bought, minBought);
        MockToken(tokenIn).burn(msg.sender, sold);
        MockToken(tokenOut).mint(msg.sender, bought);
    }

    function _rested(address token) private returns (Market storage m) {
        m = _markets[token];
        int256 halves = int256((block.timestamp - m.tradedAt).divWad(halfLife));
        uint256 left = uint256(FixedPointMathLib.expWad(FixedPointMathLib.sMulWad(-LN2, halves)));
        (m.sold, m.bought, m.tradedAt) = (m.sold.mulWad(left), m.bought.mulWad(left), block.timestamp);
    }

    function _proceeds(uint256 depth, uint256 before, uint256 value) private pure returns (uint256) {
        return (depth.fullMulDiv(depth, depth + before)).fullMulDiv(value, depth + before + value);
    }

    function _whole(address token) private view returns (uint256) {
        return 10 ** IERC20Metadata(token).decimals();
    }
}
