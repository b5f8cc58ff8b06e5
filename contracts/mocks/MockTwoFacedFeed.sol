// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPriceFeed} from "../interfaces/IPriceFeed.sol";

/// @notice A feed that comes to answer otherwise: to whoever asks again in a transaction, or asks with little gas. For tests only.
contract MockTwoFacedFeed is IPriceFeed {
    enum Face {
        One,
        Again,
        Poor
    }

    uint256 private constant MUCH = 1_000_000;

    uint8 public constant decimals = 8;
    int256 private _answer;
    int256 private _other;
    Face private _face;

    constructor(int256 answer) {
        _answer = answer;
    }

    function turn(Face face, int256 answer, int256 other) external {
        (_face, _answer, _other) = (face, answer, other);
    }

    /// @inheritdoc IPriceFeed
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        uint256 gas = gasleft();
        // In a transaction it is the first call of an address that costs 2,600, and the next 100.
        (bool ok,) = address(uint160(address(this)) ^ 1).staticcall("");
        bool again = ok && gas - gasleft() < 2_000;
        bool otherwise = _face == Face.Again ? again : _face == Face.Poor && gas < MUCH;
        return (1, otherwise ? _other : _answer, block.timestamp, block.timestamp, 1);
    }
}
