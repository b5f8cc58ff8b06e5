// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IPool} from "../interfaces/IPool.sol";
import {ReserveData} from "../interfaces/IPoolExtension.sol";
import {ISwapVenue} from "../periphery/ISwapVenue.sol";
import {Valuation} from "../libraries/Valuation.sol";
import {WAD, WadMath} from "../libraries/WadMath.sol";

/// @notice Trades a pool's assets from its own inventory, at the prices of the pool's feeds less a spread; or as badly as it is told
/// to. For local chains and tests only.
contract MockVenue is ISwapVenue {
    using WadMath for uint256;

    enum Mood {
        Honest,
        Fails,
        Thin, // buys half of what it is offered
        Steals, // takes what it is approved for and says that it has paid
        CallsBack, // as it was armed to, before it trades
        BurnsGas,
        Bombs, // fails with a long reason
        Generous // pays for the whole and takes half of it
    }

    error NoTrade();

    IPool private immutable _pool;
    uint256 public spread; // WAD
    Mood public mood;
    address private _target;
    bytes private _data;
    bool public succeeded; // what it called back with
    bytes public answer;

    constructor(IPool pool, uint256 spread_) {
        (_pool, spread) = (pool, spread_);
    }

    function be(Mood mood_) external {
        mood = mood_;
    }

    /// @notice What to call in the mood to call back.
    function arm(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    /// @inheritdoc ISwapVenue
    function swap(address tokenIn, address tokenOut, uint256 sold, uint256 minBought, bytes calldata)
        external
        returns (uint256 bought)
    {
        if (mood == Mood.Fails) revert NoTrade();
        while (mood == Mood.BurnsGas) {}
        if (mood == Mood.Bombs) {
            assembly {
                revert(0, 100000)
            }
        }
        if (mood == Mood.CallsBack) (succeeded, answer) = _target.call(_data);
        if (mood == Mood.Thin) sold /= 2;
        IERC20(tokenIn).transferFrom(msg.sender, address(this), mood == Mood.Generous ? sold / 2 : sold);
        if (mood == Mood.Steals) return minBought;

        ReserveData memory i = _pool.reserveData(_pool.reserveId(tokenIn));
        ReserveData memory o = _pool.reserveData(_pool.reserveId(tokenOut));
        uint256 value = Valuation.valueDown(sold, i.price, i.priceDecimals).mulDown(WAD - spread);
        bought = Valuation.assetsDown(value, o.price, o.priceDecimals);
        IERC20(tokenOut).transfer(msg.sender, bought);
    }
}
