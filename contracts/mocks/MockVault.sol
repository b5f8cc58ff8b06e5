// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";

import {MockToken} from "./MockToken.sol";

/// @notice A vault whose share price is its balance by its shares: whoever sends it tokens lifts it. Anyone may mint shares together
/// with what they are worth.
contract MockVault is ERC4626 {
    constructor(MockToken asset_) ERC20("Vault", "vTOK") ERC4626(asset_) {}

    function mint(address to, uint256 amount) external {
        MockToken(asset()).mint(address(this), previewMint(amount));
        _mint(to, amount);
    }
}
