// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MockNaiveLender} from "./MockNaiveLender.sol";

/// @notice The naive lender with a check ahead of its liquidations, of which two things are wrong: an account that is just covered is
/// not covered, and the prices for the amounts are read anew. For tests only.
contract MockNaiveCheck is MockNaiveLender {
    constructor(uint256 threshold, uint256 bonus, uint256 closeFactor) MockNaiveLender(threshold, bonus, closeFactor) {}

    function liquidate(address account, uint256 debtId, uint256 collateralId, uint256 amount) public override {
        (uint256 collateral, uint256 debt) = values(account);
        require(debt >= collateral * _threshold / 1e18, "healthy");
        super.liquidate(account, debtId, collateralId, amount);
    }
}
