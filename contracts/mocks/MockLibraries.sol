// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LiquidationCase, LiquidationTerms} from "../interfaces/ILiquidationModel.sol";
import {Caps} from "../libraries/Caps.sol";
import {Compounding} from "../libraries/Compounding.sol";
import {Valuation} from "../libraries/Valuation.sol";
import {WadMath} from "../libraries/WadMath.sol";
import {TargetHealth} from "../liquidation/TargetHealth.sol";
import {FeedReader} from "../oracle/FeedReader.sol";
import {KinkedCurve} from "../rates/KinkedCurve.sol";

/// @notice The pure libraries, as the pool uses them. For tests only.
contract MockLibraries {
    function encodeCap(uint256 cap) external pure returns (uint256 code, bool exact) {
        return Caps.encode(cap);
    }

    function decodeCap(uint256 code) external pure returns (uint256) {
        return Caps.decode(code);
    }

    function growth(uint256 rate, uint256 elapsed) external pure returns (uint256) {
        return Compounding.growth(rate, elapsed);
    }

    function curveRate(KinkedCurve.Parameters memory p, uint256 utilization) external pure returns (uint256) {
        return KinkedCurve.borrowRate(KinkedCurve.pack(p), utilization);
    }

    function repackCurve(KinkedCurve.Parameters memory p) external pure returns (KinkedCurve.Parameters memory) {
        return KinkedCurve.unpack(KinkedCurve.pack(p));
    }

    function readFeed(address feed, uint256 maxAge) external view returns (uint256) {
        return FeedReader.read(feed, maxAge);
    }

    function targetHealth(LiquidationCase memory c, LiquidationTerms memory terms)
        external
        pure
        returns (uint256 repayValue, uint256 bonus)
    {
        return TargetHealth.size(c, terms);
    }

    function valueDown(uint256 assets, uint256 price, uint256 decimals) external pure returns (uint256) {
        return Valuation.valueDown(assets, price, decimals);
    }

    function valueUp(uint256 assets, uint256 price, uint256 decimals) external pure returns (uint256) {
        return Valuation.valueUp(assets, price, decimals);
    }

    function assetsDown(uint256 value, uint256 price, uint256 decimals) external pure returns (uint256) {
        return Valuation.assetsDown(value, price, decimals);
    }

    function assetsUp(uint256 value, uint256 price, uint256 decimals) external pure returns (uint256) {
        return Valuation.assetsUp(value, price, decimals);
    }

    function mulDown(uint256 a, uint256 b) external pure returns (uint256) {
        return WadMath.mulDown(a, b);
    }

    function mulUp(uint256 a, uint256 b) external pure returns (uint256) {
        return WadMath.mulUp(a, b);
    }

    function divDown(uint256 a, uint256 b) external pure returns (uint256) {
        return WadMath.divDown(a, b);
    }

    function divUp(uint256 a, uint256 b) external pure returns (uint256) {
        return WadMath.divUp(a, b);
    }
}
