// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ISwapRouter, ISwapRouter02} from "../periphery/UniswapV3Venue.sol";
import {MockToken} from "./MockToken.sol";

/// @notice Both of Uniswap v3's routers, as far as a venue calls them: one unit for one, of tokens that anyone may mint. For tests only.
contract MockSwapRouter {
    uint256 public appetite = type(uint256).max; // takes no more than this
    uint256 public deadline; // of the last call; zero from the second router's
    bytes public path;

    function take(uint256 appetite_) external {
        appetite = appetite_;
    }

    function exactInput(ISwapRouter.ExactInputParams calldata p) external payable returns (uint256) {
        require(block.timestamp <= p.deadline, "Transaction too old");
        return _swap(p.path, p.recipient, p.deadline, p.amountIn, p.amountOutMinimum);
    }

    function exactInput(ISwapRouter02.ExactInputParams calldata p) external payable returns (uint256) {
        return _swap(p.path, p.recipient, 0, p.amountIn, p.amountOutMinimum);
    }

    function _swap(bytes calldata path_, address to, uint256 deadline_, uint256 sold, uint256 least)
        private
        returns (uint256 bought)
    {
        (path, deadline) = (path_, deadline_);
        bought = sold < appetite ? sold : appetite;
        require(bought >= least, "Too little received");
        IERC20(address(bytes20(path_[:20]))).transferFrom(msg.sender, address(this), bought);
        MockToken(address(bytes20(path_[path_.length - 20:]))).mint(to, bought);
    }
}
