// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {WETH} from "solady/tokens/WETH.sol";

/// @notice Wrapped native currency, of which anyone may also mint some that nothing backs. For tests only.
contract MockWETH is WETH {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
