// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IPoolErrors} from "../interfaces/IPoolErrors.sol";
import {ReserveData} from "../interfaces/IPoolExtension.sol";

/// @notice As much of a pool as a vault sees, in one of many bad moods. One share is one raw unit. For tests only.
contract MockHostilePool {
    enum Mood {
        Honest,
        Reverts,
        Busy, // as a pool within an action
        BurnsGas,
        Garbage, // answers of one byte
        Exaggerates, // a thousand times as much
        PaysShort,
        TakesNothing,
        CallsBack
    }

    IERC20 private immutable _token;
    Mood public mood;
    address private _target;
    bytes private _data;
    bool public succeeded; // what it called back with
    mapping(address account => uint256) private _held;

    constructor(IERC20 token) {
        _token = token;
    }

    function be(Mood mood_) external {
        mood = mood_;
    }

    /// @notice What to call in the mood to call back.
    function arm(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    /// @notice Loses what it holds for an account.
    function lose(address account, uint256 assets) external {
        _held[account] -= assets;
    }

    function reserveId(address) external pure returns (uint256) {
        return 3;
    }

    function balanceOf(address account, uint256 positionId) external view returns (uint256) {
        _check();
        return positionId == 3 ? _held[account] : 0;
    }

    function supplyBalance(address account, uint256) external view returns (uint256) {
        _check();
        return mood == Mood.Exaggerates ? _held[account] * 1000 : _held[account];
    }

    function reserveData(uint256) external view returns (ReserveData memory d) {
        _check();
        (d.token, d.supplyIndex, d.debtIndex) = (address(_token), 1e18, 1e18);
        (d.supplyShares, d.supplyCap, d.outflowRoom) = (1e30, type(uint256).max, type(uint256).max);
    }

    function supply(uint256, uint256 amount, address account) external returns (uint256, uint256) {
        _check();
        _callBack();
        _held[account] += amount;
        if (mood != Mood.TakesNothing) _token.transferFrom(msg.sender, address(this), amount);
        return (amount, amount);
    }

    function withdraw(uint256, uint256 amount, address account, address to) external returns (uint256, uint256) {
        _check();
        _callBack();
        if (amount == type(uint256).max) amount = _held[account];
        _held[account] -= amount;
        _token.transfer(to, mood == Mood.PaysShort ? amount - 1 : amount);
        return (amount, amount);
    }

    function _check() private view {
        if (mood == Mood.Reverts) revert("no");
        if (mood == Mood.Busy) revert IPoolErrors.Reentrancy();
        if (mood == Mood.Garbage) {
            assembly {
                return(0, 1)
            }
        }
        while (mood == Mood.BurnsGas) {}
    }

    function _callBack() private {
        if (mood == Mood.CallsBack) (succeeded,) = _target.call(_data);
    }
}
