// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC3156FlashBorrower} from "@openzeppelin/contracts/interfaces/IERC3156.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice A lender as it should not be: anybody may make anybody pay its fee, and tells the receiver that he wanted it. For tests
/// only.
contract MockNaiveFlashLender {
    function flashLoan(IERC3156FlashBorrower receiver, IERC20 token, uint256 amount) external {
        token.transfer(address(receiver), amount);
        uint256 fee = amount / 1000;
        receiver.onFlashLoan(address(receiver), address(token), amount, fee, "");
        token.transferFrom(address(receiver), address(this), amount + fee);
    }
}
