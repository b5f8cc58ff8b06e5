// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

interface IModel {
    function rate() external view returns (uint256);
}

contract CallWithoutHelper {
    function accrue(IModel model) external view returns (uint256) {
        return model.rate();
    }
}
