// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IPool} from "../interfaces/IPool.sol";
import {AccountData} from "../interfaces/IPoolActions.sol";
import {IPoolErrors} from "../interfaces/IPoolErrors.sol";
import {ReserveData} from "../interfaces/IPoolExtension.sol";
import {Amounts} from "../libraries/Amounts.sol";
import {Positions} from "../libraries/Positions.sol";
import {Valuation} from "../libraries/Valuation.sol";
import {WAD, WadMath} from "../libraries/WadMath.sol";
import {DeleverageOrder, IDeleverageOrders, IFillCallback} from "./IDeleverageOrders.sol";

/// @title Orders to deleverage
/// @dev The debt is repaid first, in the pool's `repayAndCall`, and the collateral leaves in its callback: so the account never is worse
/// covered than before, not even in between.
contract DeleverageOrders is IDeleverageOrders, EIP712, ReentrancyGuardTransient {
    using WadMath for uint256;
    using SafeERC20 for IERC20;

    bytes32 private constant ORDER_TYPE = keccak256(
        "DeleverageOrder(address account,uint256 debtId,uint256 positionId,uint256 trigger,uint256 target,uint256 bonus,uint256 maxRepay,uint256 deadline,uint256 nonce)"
    );

    /// @inheritdoc IDeleverageOrders
    IPool public immutable pool;

    /// @inheritdoc IDeleverageOrders
    mapping(address account => mapping(uint256 nonce => uint256)) public filled;

    constructor(IPool pool_) EIP712("Weir deleverage orders", "1") {
        pool = pool_;
    }

    // ------------------------------------------------------------------ filling

    /// @dev A fill at work. All that moves is known before anything does.
    struct Fill {
        DeleverageOrder order;
        address filler;
        IERC20 debtToken;
        uint256 health; // before
        uint256 repay; // as an amount of the pool
        uint256 repaid; // assets
        uint256 withdraw; // as an amount of the pool
        uint256 received; // assets
        bytes data;
    }

    /// @inheritdoc IDeleverageOrders
    function fill(
        DeleverageOrder calldata order,
        bytes calldata signature,
        uint256 amount,
        uint256 minReceived,
        bytes calldata data
    ) external nonReentrant returns (uint256 repaid, uint256 received) {
        _requireSigned(order, signature);
        uint256 done = filled[order.account][order.nonce];
        if (done >= order.maxRepay) revert NothingLeft(order.account, order.nonce);

        Fill memory f;
        (f.order, f.filler, f.data) = (order, msg.sender, data);
        f.health = _requireTriggered(order);
        _size(f, amount.min(order.maxRepay - done));
        (repaid, received) = (f.repaid, f.received);
        if (received < minReceived) revert ReceivedTooLittle(received, minReceived);

        filled[order.account][order.nonce] = done + repaid;
        emit Filled(order.account, order.nonce, msg.sender, order.debtId, order.positionId, repaid, received);
        pool.repayAndCall(order.debtId, f.repay, order.account, abi.encode(f));
    }

    /// @dev The pool calls only who has called it, and this contract does that above only: what comes in here it has written itself.
    function onRepay(uint256, uint256 assets, bytes calldata context) external {
        if (msg.sender != address(pool)) revert NotPool(msg.sender);
        Fill memory f = abi.decode(context, (Fill));
        DeleverageOrder memory order = f.order;
        pool.withdraw(order.positionId, f.withdraw, order.account, f.filler);

        uint256 health = pool.healthFactor(order.account);
        if (health <= f.health) revert NotHealthier(order.account, f.health, health);
        if (health > order.target) revert AboveTarget(order.account, health, order.target);

        if (f.data.length != 0) IFillCallback(f.filler).onFill(order.account, assets, f.received, f.data);
        f.debtToken.safeTransferFrom(f.filler, address(this), assets);
        f.debtToken.forceApprove(address(pool), assets);
    }

    /// @inheritdoc IDeleverageOrders
    function cancel(uint256 nonce) external {
        filled[msg.sender][nonce] = type(uint256).max;
        emit Cancelled(msg.sender, nonce);
    }

    // ------------------------------------------------------------------ checks and amounts

    function _requireSigned(DeleverageOrder calldata order, bytes calldata signature) private view {
        if (block.timestamp > order.deadline) revert IPoolErrors.SignatureExpired(order.deadline);
        if (!SignatureChecker.isValidSignatureNowCalldata(order.account, digest(order), signature)) {
            revert IPoolErrors.InvalidSignature(order.account);
        }
    }

    function _requireTriggered(DeleverageOrder calldata order) private view returns (uint256) {
        AccountData memory a = pool.accountData(order.account);
        if (a.unpriced) revert Unpriced(order.account);
        if (a.health >= order.trigger) revert NotTriggered(order.account, a.health, order.trigger);
        return a.health;
    }

    /// @dev In whole shares of either side: the filler pays what they cost, rounded up, and is credited with what they are worth,
    /// rounded down.
    function _size(Fill memory f, uint256 amount) private view {
        DeleverageOrder memory order = f.order;
        uint256 collateralId = order.positionId % Positions.IDLE;
        ReserveData memory debt = pool.reserveData(order.debtId);
        ReserveData memory collateral = pool.reserveData(collateralId);
        if (debt.price == 0) revert IPoolErrors.NoPrice(order.debtId);
        if (collateral.price == 0) revert IPoolErrors.NoPrice(collateralId);
        f.debtToken = IERC20(debt.token);

        uint256 credit = pool.debtBalance(order.account, order.debtId);
        if (amount >= credit) {
            (f.repay, f.repaid) = (Amounts.ALL, credit);
        } else {
            uint256 shares = amount.divDown(debt.debtIndex);
            (f.repay, f.repaid, credit) =
            (shares | Amounts.SHARES, shares.mulUp(debt.debtIndex), shares.mulDown(debt.debtIndex));
        }

        uint256 value = Valuation.valueDown(credit, debt.price, debt.priceDecimals).mulDown(WAD + order.bonus);
        f.received = Valuation.assetsDown(value, collateral.price, collateral.priceDecimals);
        f.withdraw = f.received;
        if (order.positionId < Positions.IDLE) {
            uint256 shares = f.received.divDown(collateral.supplyIndex);
            (f.withdraw, f.received) = (shares | Amounts.SHARES, shares.mulDown(collateral.supplyIndex));
        }
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IDeleverageOrders
    function digest(DeleverageOrder calldata order) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(ORDER_TYPE, order)));
    }
}
