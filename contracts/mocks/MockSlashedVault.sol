// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IPool} from "../interfaces/IPool.sol";
import {InsuranceVault} from "../periphery/InsuranceVault.sol";

/// @notice The insurance vault, whose supply anybody may take away as a write-off does: without a word to the vault. For tests only.
contract MockSlashedVault is InsuranceVault {
    constructor(IPool pool_, IERC20 token, uint256 cooldownPeriod_, uint256 window_)
        InsuranceVault(pool_, token, cooldownPeriod_, window_)
    {}

    function lose(uint256 supplyShares) external {
        pool.transfer(msg.sender, reserveId, supplyShares);
    }
}
