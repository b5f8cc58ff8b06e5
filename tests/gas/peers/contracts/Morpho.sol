// SPDX-License-Identifier: MIT
pragma solidity 0.8.19;

import {IIrm} from "@morpho-org/morpho-blue/src/interfaces/IIrm.sol";
import {IOracle} from "@morpho-org/morpho-blue/src/interfaces/IOracle.sol";
import {Id, IMorpho, Market, MarketParams, Position} from "@morpho-org/morpho-blue/src/interfaces/IMorpho.sol";
import {MarketParamsLib} from "@morpho-org/morpho-blue/src/libraries/MarketParamsLib.sol";
import {MorphoBalancesLib} from "@morpho-org/morpho-blue/src/libraries/periphery/MorphoBalancesLib.sol";

interface IAggregator {
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80);
}

/// @notice Stands in for AdaptiveCurveIrm with equal work: the caller is checked, one word per market is read and written,
/// an event is emitted, and the rate at target grows or shrinks by exp(speed * error * time).
/// @dev The average over the period is taken from its start, middle and end, weighted 1 : 2 : 1.
contract BenchIrm is IIrm {
    using MarketParamsLib for MarketParams;

    event Drifted(Id indexed id, uint256 rate, uint256 anchor);

    int256 private constant WAD = 1e18;
    int256 private constant LN2 = 693147180559945309;
    int256 private constant TARGET = 0.9e18;
    int256 private constant STEEPNESS = 4e18;
    int256 private constant SPEED = 50e18 / int256(365 days);
    int256 private constant FIRST = 0.04e18 / int256(365 days);
    int256 private constant LEAST = 0.001e18 / int256(365 days);
    int256 private constant MOST = 2e18 / int256(365 days);

    address private immutable _morpho;
    mapping(Id => int256) private _anchors;

    constructor(address morpho) {
        _morpho = morpho;
    }

    function borrowRate(MarketParams memory params, Market memory market) external returns (uint256) {
        require(msg.sender == _morpho, "caller");
        Id id = params.id();
        (uint256 rate, int256 anchor) = _drift(id, market);
        _anchors[id] = anchor;
        emit Drifted(id, rate, uint256(anchor));
        return rate;
    }

    function borrowRateView(MarketParams memory params, Market memory market) external view returns (uint256 rate) {
        (rate,) = _drift(params.id(), market);
    }

    function _drift(Id id, Market memory market) private view returns (uint256 rate, int256 end) {
        int256 supplied = int256(uint256(market.totalSupplyAssets));
        int256 used = supplied == 0 ? int256(0) : int256(uint256(market.totalBorrowAssets)) * WAD / supplied;
        int256 off = (used - TARGET) * WAD / (used > TARGET ? WAD - TARGET : TARGET);

        int256 start = _anchors[id];
        int256 average;
        if (start == 0) {
            average = end = FIRST;
        } else {
            int256 drift = SPEED * off / WAD * int256(block.timestamp - market.lastUpdate);
            end = _moved(start, drift);
            average = drift == 0 ? start : (start + 2 * _moved(start, drift / 2) + end) / 4;
        }
        int256 slope = off < 0 ? WAD - WAD * WAD / STEEPNESS : STEEPNESS - WAD;
        rate = uint256((slope * off / WAD + WAD) * average / WAD);
    }

    function _moved(int256 anchor, int256 drift) private pure returns (int256 moved) {
        moved = anchor * _exp(drift) / WAD;
        if (moved < LEAST) return LEAST;
        if (moved > MOST) return MOST;
    }

    /// @dev exp(x) = 2^n * exp(y) with y within half of ln 2 of zero, where three terms of the series do.
    function _exp(int256 x) private pure returns (int256) {
        if (x < -40e18) return 0;
        if (x > 90e18) x = 90e18;
        unchecked {
            int256 n = (x < 0 ? x - LN2 / 2 : x + LN2 / 2) / LN2;
            int256 y = x - n * LN2;
            int256 series = WAD + y + y * y / (2 * WAD);
            return n < 0 ? series >> uint256(-n) : series << uint256(n);
        }
    }
}

/// @notice Stands in for MorphoChainlinkOracleV2 with equal work: everything it knows is immutable, four feeds and two
/// vaults may be there, a zero address counts as one.
contract BenchOracle is IOracle {
    address private immutable _baseVault;
    address private immutable _quoteVault;
    IAggregator private immutable _base1;
    IAggregator private immutable _base2;
    IAggregator private immutable _quote1;
    IAggregator private immutable _quote2;
    uint256 private immutable _scale;

    constructor(IAggregator base, IAggregator quote, uint256 scale) {
        _baseVault = _quoteVault = address(0);
        (_base1, _quote1, _scale) = (base, quote, scale);
        _base2 = _quote2 = IAggregator(address(0));
    }

    function price() external view returns (uint256) {
        uint256 up = _assets(_baseVault) * _answer(_base1) * _answer(_base2);
        uint256 down = _assets(_quoteVault) * _answer(_quote1) * _answer(_quote2);
        return _scale * up / down;
    }

    function _assets(address vault) private pure returns (uint256) {
        require(vault == address(0), "vault");
        return 1;
    }

    function _answer(IAggregator feed) private view returns (uint256) {
        if (address(feed) == address(0)) return 1;
        (, int256 answer,,,) = feed.latestRoundData();
        require(answer >= 0, "answer");
        return uint256(answer);
    }
}

/// @notice What the core does not answer: an account's collateral, debt with interest, and health in one call.
contract BenchLens {
    using MarketParamsLib for MarketParams;
    using MorphoBalancesLib for IMorpho;

    IMorpho private immutable _morpho;

    constructor(IMorpho morpho) {
        _morpho = morpho;
    }

    function account(MarketParams memory params, address user)
        external
        view
        returns (uint256 collateralValue, uint256 debt, uint256 health)
    {
        Position memory position = _morpho.position(params.id(), user);
        (,, uint256 totalDebt, uint256 totalShares) = _morpho.expectedMarketBalances(params);
        // Virtual shares and assets as in the core, rounded up.
        debt = (position.borrowShares * (totalDebt + 1) + totalShares + 1e6 - 1) / (totalShares + 1e6);
        collateralValue = position.collateral * IOracle(params.oracle).price() / 1e36;
        health = debt == 0 ? type(uint256).max : collateralValue * params.lltv / debt;
    }
}

/// @notice Takes a flash loan and gives it back; its approval stands.
contract BenchBorrower {
    IMorpho private immutable _morpho;
    address private immutable _token;

    constructor(IMorpho morpho, address token) {
        (_morpho, _token) = (morpho, token);
        (bool ok,) = token.call(abi.encodeWithSignature("approve(address,uint256)", morpho, type(uint256).max));
        require(ok, "approve");
    }

    function borrow(uint256 amount) external {
        _morpho.flashLoan(_token, amount, "");
    }

    function onMorphoFlashLoan(uint256, bytes calldata) external {}
}
