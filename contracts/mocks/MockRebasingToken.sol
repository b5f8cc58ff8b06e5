// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A token that keeps shares and shows balances at a rate, rounded down, so that a transfer may deliver a unit less than
/// asked for. For tests only.
contract MockRebasingToken {
    uint8 public constant decimals = 18;
    uint256 public constant rate = 1.1e18;
    mapping(address account => uint256) private _shares;

    function balanceOf(address account) public view returns (uint256) {
        return _shares[account] * rate / 1e18;
    }

    function mint(address to, uint256 amount) external {
        _shares[to] += amount * 1e18 / rate;
    }

    function approve(address, uint256) external pure returns (bool) {
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return transferFrom(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public returns (bool) {
        uint256 moved = amount * 1e18 / rate;
        _shares[from] -= moved;
        _shares[to] += moved;
        return true;
    }
}
