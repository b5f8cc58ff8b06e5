// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice The token of every protocol: OpenZeppelin's, with a free mint.
contract BenchToken is ERC20 {
    uint8 private immutable _decimals;

    constructor(string memory symbol, uint8 decimals_) ERC20(symbol, symbol) {
        _decimals = decimals_;
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @notice The aggregator behind every protocol's oracle layer: 8 decimals, one storage read per answer.
contract BenchFeed {
    uint8 public constant decimals = 8;
    int192 private _answer;
    uint64 private _updatedAt;

    constructor(int192 answer) {
        set(answer);
    }

    function set(int192 answer) public {
        (_answer, _updatedAt) = (answer, uint64(block.timestamp));
    }

    function latestAnswer() external view returns (int256) {
        return _answer;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return (1, _answer, _updatedAt, _updatedAt, 1);
    }
}
