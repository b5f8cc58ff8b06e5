// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {LibCall} from "solady/utils/LibCall.sol";

import {IPool} from "../interfaces/IPool.sol";
import {Token} from "../libraries/Reserves.sol";
import {IFlashLiquidator, Job, Outcome} from "./IFlashLiquidator.sol";

/// @title Liquidations without capital
/// @dev One job at a time: a venue that calls back in finds the door shut, else a job of its own would sweep up this one's tokens.
contract FlashLiquidator is IFlashLiquidator, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    // ------------------------------------------------------------------ constants and immutables

    /// @dev Of an error; more a hostile venue might send to use up the caller's gas.
    uint16 private constant ERROR_BYTES = 256;

    /// @inheritdoc IFlashLiquidator
    IPool public immutable pool;

    constructor(IPool pool_) {
        pool = pool_;
    }

    // ------------------------------------------------------------------ liquidating

    /// @inheritdoc IFlashLiquidator
    function liquidate(Job calldata job)
        external
        nonReentrant
        returns (uint256 repaid, uint256 received, uint256 profit)
    {
        (repaid, received, profit) = _do(job, msg.sender);
        emit JobDone(job.account, msg.sender, repaid, received, profit);
    }

    /// @inheritdoc IFlashLiquidator
    function liquidateMany(Job[] calldata jobs, uint256 gasEach)
        external
        nonReentrant
        returns (Outcome[] memory outcomes)
    {
        outcomes = new Outcome[](jobs.length);
        for (uint256 k; k < jobs.length; ++k) {
            Outcome memory o = outcomes[k];
            bytes memory call = abi.encodeCall(this.step, (jobs[k], msg.sender));
            bytes memory answer;
            (o.done,, answer) = LibCall.tryCall(address(this), 0, gasEach, ERROR_BYTES, call);
            if (o.done) {
                (o.repaid, o.received, o.profit) = abi.decode(answer, (uint256, uint256, uint256));
                emit JobDone(jobs[k].account, msg.sender, o.repaid, o.received, o.profit);
            } else {
                o.reason = answer;
                emit JobSkipped(jobs[k].account, msg.sender, answer);
            }
        }
    }

    /// @dev The contract's call to itself, so that a job that fails never was.
    function step(Job calldata job, address to) external returns (uint256 repaid, uint256 received, uint256 profit) {
        if (msg.sender != address(this)) revert NotSelf(msg.sender);
        return _do(job, to);
    }

    function _do(Job calldata job, address to) private returns (uint256 repaid, uint256 received, uint256 profit) {
        if (job.maxRepay == 0) {
            pool.writeOff(job.account);
            return (0, 0, 0);
        }
        (IERC20 debt, IERC20 collateral) = (_token(job.debtId), _token(job.collateralId));
        (repaid, received) = pool.liquidateAndCall(
            job.account, job.debtId, job.collateralId, job.maxRepay, 0, address(this), abi.encode(debt, collateral, job)
        );
        profit = _sweep(debt, to);
        _sweep(collateral, to); // what the venue has not taken
    }

    /// @dev The pool calls only who has called it, and this contract does that above only: what comes in here it has written itself.
    function onLiquidate(address, uint256 repaid, uint256 received, bytes calldata context) external {
        if (msg.sender != address(pool)) revert NotPool(msg.sender);
        (IERC20 debt, IERC20 collateral, Job memory job) = abi.decode(context, (IERC20, IERC20, Job));
        uint256 needed = repaid + job.minProfit;
        if (job.debtId != job.collateralId && received != 0) {
            collateral.forceApprove(address(job.venue), received);
            job.venue.swap(address(collateral), address(debt), received, needed, job.route);
            collateral.forceApprove(address(job.venue), 0);
        }
        uint256 held = debt.balanceOf(address(this));
        if (held < needed) revert TooLittleForDebt(held, needed);
        debt.forceApprove(address(pool), repaid);
    }

    // ------------------------------------------------------------------ internal

    function _sweep(IERC20 token, address to) private returns (uint256 amount) {
        amount = token.balanceOf(address(this));
        if (amount != 0) token.safeTransfer(to, amount);
    }

    function _token(uint256 id) private view returns (IERC20) {
        return IERC20(Token.wrap(pool.reserveWords(id).token).addr());
    }
}
