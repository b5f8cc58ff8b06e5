// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LiquidationTerms} from "../interfaces/ILiquidationModel.sol";
import {BPS, WAD} from "./WadMath.sol";

/// @notice A pool's terms of liquidation in one word:
/// external model 160 | target health 16 | full-liquidation health 16 | dust 24 | write-off below 16 | spare 24
/// Healths in steps of 0.01 %, values in whole units of the base currency. Lowest bits first.
library LiquidationWord {
    function pack(address model_, uint256 targetHealth, uint256 fullHealth, uint256 dust, uint256 writeOffBelow_)
        internal
        pure
        returns (uint256)
    {
        return uint160(model_) | targetHealth << 160 | fullHealth << 176 | dust << 192 | writeOffBelow_ << 216;
    }

    function model(uint256 word) internal pure returns (address) {
        return address(uint160(word));
    }

    function terms(uint256 word) internal pure returns (LiquidationTerms memory) {
        unchecked {
            return LiquidationTerms({
                targetHealth: (word >> 160 & 0xffff) * BPS,
                fullHealth: (word >> 176 & 0xffff) * BPS,
                dust: (word >> 192 & 0xffffff) * WAD
            });
        }
    }

    function writeOffBelow(uint256 word) internal pure returns (uint256) {
        unchecked {
            return (word >> 216 & 0xffff) * WAD;
        }
    }
}
