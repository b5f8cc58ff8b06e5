// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IPool} from "../interfaces/IPool.sol";
import {ReserveData} from "../interfaces/IPoolExtension.sol";
import {Valuation} from "../libraries/Valuation.sol";
import {WAD, WadMath} from "../libraries/WadMath.sol";
import {DeleverageOrder, IDeleverageOrders} from "../periphery/IDeleverageOrders.sol";

/// @notice Orders as they should not be: filled at any health, as often as one likes, whatever it does to the account, and paid
/// rounded in the filler's favour. Signed for the real contract. For tests only.
contract MockNaiveOrders {
    using WadMath for uint256;

    IDeleverageOrders private immutable _orders;
    IPool private immutable _pool;

    constructor(IDeleverageOrders orders) {
        (_orders, _pool) = (orders, orders.pool());
    }

    function fill(DeleverageOrder calldata order, bytes calldata signature, uint256 amount, uint256, bytes calldata)
        external
    {
        require(SignatureChecker.isValidSignatureNow(order.account, _orders.digest(order), signature));
        ReserveData memory debt = _pool.reserveData(order.debtId);
        ReserveData memory collateral = _pool.reserveData(order.positionId % 64);
        if (amount > order.maxRepay) amount = order.maxRepay;
        IERC20(debt.token).transferFrom(msg.sender, address(this), amount);
        IERC20(debt.token).approve(address(_pool), amount);
        _pool.repay(order.debtId, amount, order.account);
        uint256 value = Valuation.valueUp(amount, debt.price, debt.priceDecimals).mulUp(WAD + order.bonus);
        uint256 assets = Valuation.assetsUp(value, collateral.price, collateral.priceDecimals);
        _pool.withdraw(order.positionId, assets, order.account, msg.sender);
    }
}
