// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IPoolActions} from "../interfaces/IPoolActions.sol";

/// @notice Takes flash loans and gives them back, and nothing else. For tests only.
contract MockBorrower {
    IPoolActions private immutable _pool;

    constructor(IPoolActions pool, IERC20 token) {
        _pool = pool;
        token.approve(address(pool), type(uint256).max);
    }

    function borrow(uint256 id, uint256 amount) external {
        _pool.flashLoan(id, amount, "");
    }

    function onFlashLoan(uint256, uint256, bytes calldata) external {}
}
