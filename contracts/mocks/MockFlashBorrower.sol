// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC3156FlashBorrower, IERC3156FlashLender} from "@openzeppelin/contracts/interfaces/IERC3156.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice Receives EIP-3156 loans, remembers what it was told, and answers and approves as it is set. For tests only.
contract MockFlashBorrower is IERC3156FlashBorrower {
    bytes32 public answer = keccak256("ERC3156FlashBorrower.onFlashLoan");
    uint256 public approved = type(uint256).max;
    address public lender;
    address public initiator;
    address public token;
    uint256 public amount;
    uint256 public fee;
    uint256 public held; // during the loan
    bytes public data; // a loan within the loan: its amount

    function set(bytes32 answer_, uint256 approved_) external {
        (answer, approved) = (answer_, approved_);
    }

    function onFlashLoan(address initiator_, address token_, uint256 amount_, uint256 fee_, bytes calldata data_)
        external
        returns (bytes32)
    {
        (lender, initiator, token, amount, fee, data) = (msg.sender, initiator_, token_, amount_, fee_, data_);
        held = IERC20(token_).balanceOf(address(this));
        if (data_.length == 32) {
            IERC3156FlashLender(msg.sender).flashLoan(this, token_, abi.decode(data_, (uint256)), "");
            (amount, initiator) = (amount_, initiator_);
        }
        IERC20(token_).approve(msg.sender, approved);
        return answer;
    }
}
