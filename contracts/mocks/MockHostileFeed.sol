// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A source of prices or rates that was sound when it was chosen, and then turns. It answers whatever it is asked.
contract MockHostileFeed {
    enum Kind {
        Sound,
        Reverts,
        Burns,
        Short,
        Bomb,
        Empty
    }

    Kind public kind;
    uint256 private immutable _answer;

    constructor(uint256 answer) {
        _answer = answer;
    }

    function turn(Kind kind_) external {
        kind = kind_;
    }

    function decimals() external pure returns (uint8) {
        return 8;
    }

    /// @dev One word for a rate, five for a price.
    fallback() external {
        (Kind k, uint256 answer) = (kind, _answer);
        bool price = msg.sig == 0xfeaf968c;
        assembly {
            switch k
            case 1 { revert(0, 0) }
            case 2 { for {} 1 {} {} }
            case 3 { return(0, sub(mul(32, add(1, mul(4, price))), 1)) }
            case 4 { revert(0, 100000) }
            case 5 { stop() }
            mstore(0, answer)
            if price {
                mstore(0, 1)
                mstore(32, answer)
                mstore(64, timestamp())
                mstore(96, timestamp())
                mstore(128, 1)
            }
            return(0, mul(32, add(1, mul(4, price))))
        }
    }
}
