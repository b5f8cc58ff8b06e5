// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {IPool} from "../interfaces/IPool.sol";

/// @notice A helper that people have authorized, as it should not be: whoever comes names the account and the market, or any call at
/// all. What is signed for it names neither chain nor contract, counts as often as it is shown, and nobody has signed for nobody;
/// and a permit that somebody has shown first stops it. For tests only.
contract MockNaiveOperator {
    mapping(address account => mapping(address operator => bool)) public isOperator;

    function exit(IPool market, uint256 id, address account) external {
        market.withdraw(id, type(uint256).max, account, msg.sender);
    }

    function run(address target, bytes calldata data) external {
        (bool ok,) = target.call(data);
        require(ok, "failed");
    }

    function revoke(address operator) external {
        isOperator[msg.sender][operator] = false;
    }

    function approveBySig(address account, address operator, uint8 v, bytes32 r, bytes32 s) external {
        require(ecrecover(keccak256(abi.encode(account, operator)), v, r, s) == account, "signature");
        isOperator[account][operator] = true;
    }

    function pullWithPermit(IERC20 token, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external {
        IERC20Permit(address(token)).permit(msg.sender, address(this), amount, deadline, v, r, s);
        token.transferFrom(msg.sender, address(this), amount);
    }
}
