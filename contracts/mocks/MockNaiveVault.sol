// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20, IERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";

import {IPool} from "../interfaces/IPool.sol";

/// @notice An insurance vault as it should not be: the first depositor makes the price, and who has once waited may leave with
/// whatever he holds. For tests only.
contract MockNaiveVault is ERC4626 {
    IPool private immutable _pool;
    uint256 private immutable _id;
    mapping(address owner => uint256) private _startedAt;

    constructor(IPool pool, IERC20 token) ERC20("Naive", "NAIVE") ERC4626(token) {
        (_pool, _id) = (pool, pool.reserveId(address(token)));
        token.approve(address(pool), type(uint256).max);
    }

    function cooldown(uint256) external {
        _startedAt[msg.sender] = block.timestamp;
    }

    function totalAssets() public view override returns (uint256) {
        return _pool.supplyBalance(address(this), _id);
    }

    function maxRedeem(address owner) public view override returns (uint256) {
        uint256 from = _startedAt[owner] + 10 days;
        return from != 10 days && block.timestamp >= from && block.timestamp < from + 2 days ? balanceOf(owner) : 0;
    }

    function _transferIn(address from, uint256 assets) internal override {
        super._transferIn(from, assets);
        _pool.supply(_id, assets, address(this));
    }

    function _transferOut(address to, uint256 assets) internal override {
        _pool.withdraw(_id, assets, address(this), to);
    }
}
