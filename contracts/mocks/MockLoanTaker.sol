// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IPoolActions} from "../interfaces/IPoolActions.sol";
import {MockActor} from "./MockActor.sol";

/// @notice Takes a flash loan from a pool and does as it is armed while it lasts. For tests only.
contract MockLoanTaker is MockActor {
    function borrow(IPoolActions pool, IERC20 token, uint256 id, uint256 amount) external {
        token.approve(address(pool), amount);
        pool.flashLoan(id, amount, "");
    }

    function onFlashLoan(uint256, uint256, bytes calldata) external {
        this.tokenMoved();
    }
}
