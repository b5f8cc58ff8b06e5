// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A feed that gives its price as it is told, well or badly. For tests only.
contract MockBadFeed {
    enum Behaviour {
        Honest,
        Short, // answers with four words instead of five
        Burning // uses up all the gas it is given
    }

    uint8 public constant decimals = 8;
    Behaviour public behaviour;
    int256 public answer;

    constructor(int256 answer_) {
        answer = answer_;
    }

    function set(Behaviour behaviour_, int256 answer_) external {
        (behaviour, answer) = (behaviour_, answer_);
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        if (behaviour == Behaviour.Burning) {
            while (true) {}
        }
        uint256 words = behaviour == Behaviour.Short ? 128 : 160;
        (int256 answer_, uint256 now_) = (answer, block.timestamp);
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, 1)
            mstore(add(free, 32), answer_)
            mstore(add(free, 64), now_)
            mstore(add(free, 96), now_)
            mstore(add(free, 128), 1)
            return(free, words)
        }
    }
}
