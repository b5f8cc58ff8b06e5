// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC3156FlashBorrower, IERC3156FlashLender} from "@openzeppelin/contracts/interfaces/IERC3156.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IPool} from "../interfaces/IPool.sol";
import {ReserveWords} from "../interfaces/IPoolExtension.sol";
import {Token} from "../libraries/Reserves.sol";

/// @title EIP-3156 flash loans of a pool's tokens, free of charge
/// @notice A facade: the pool lends to this contract, which lends on. The receiver gets the tokens, is called on `onFlashLoan`, and must
/// have approved this contract, not the pool, for the amount by the time it returns. Amounts in raw token units.
///
/// The initiator that the receiver is told is always who called `flashLoan` here. Anyone may name any receiver, as the standard has it: a
/// receiver that acts on loans must check that the lender is one it knows and the initiator one it trusts.
/// @dev Holds nothing between two calls. Loans may be nested; the pool may be used meanwhile.
contract FlashLender is IERC3156FlashLender {
    using SafeERC20 for IERC20;

    // ------------------------------------------------------------------ errors

    /// The pool has no reserve of this token.
    error UnsupportedToken(address token);
    /// The pool has only `available` of the token.
    error ExceededMaxLoan(address token, uint256 amount, uint256 available);
    /// The receiver answered its callback with something else than the standard's value.
    error InvalidCallbackAnswer(address receiver, bytes32 answer);
    /// Only the pool calls back.
    error NotPool(address caller);

    // ------------------------------------------------------------------ constants and immutables

    bytes32 private constant ANSWER = keccak256("ERC3156FlashBorrower.onFlashLoan");

    /// @notice The pool that lends.
    IPool public immutable pool;

    constructor(IPool pool_) {
        pool = pool_;
    }

    // ------------------------------------------------------------------ lending

    /// @notice Lends `amount` of `token` to `receiver` for the time of its `onFlashLoan`.
    /// @dev Reverts: UnsupportedToken, ExceededMaxLoan, InvalidCallbackAnswer, whatever the receiver reverts with, the token's error if it
    /// has not approved or cannot pay; of the pool ReservePaused, Reentrancy.
    /// @return Always true.
    function flashLoan(IERC3156FlashBorrower receiver, address token, uint256 amount, bytes calldata data)
        external
        returns (bool)
    {
        uint256 id = _idOf(token);
        uint256 available = IERC20(token).balanceOf(address(pool));
        if (amount > available) revert ExceededMaxLoan(token, amount, available);
        pool.flashLoan(id, amount, abi.encode(receiver, msg.sender, token, data));
        return true;
    }

    /// @dev The pool calls only who has called it, and this contract does that above only: what comes in here it has written itself.
    function onFlashLoan(uint256, uint256 amount, bytes calldata context) external {
        if (msg.sender != address(pool)) revert NotPool(msg.sender);
        (IERC3156FlashBorrower receiver, address initiator, address token, bytes memory data) =
            abi.decode(context, (IERC3156FlashBorrower, address, address, bytes));
        IERC20(token).safeTransfer(address(receiver), amount);
        bytes32 answer = receiver.onFlashLoan(initiator, token, amount, 0, data);
        if (answer != ANSWER) revert InvalidCallbackAnswer(address(receiver), answer);
        IERC20(token).safeTransferFrom(address(receiver), address(this), amount);
        IERC20(token).forceApprove(address(pool), amount);
    }

    // ------------------------------------------------------------------ views

    /// @notice What `flashLoan` would lend now: the pool's tokens; zero of an unknown token, while its reserve is paused, and in the
    /// middle of an action of the pool.
    function maxFlashLoan(address token) external view returns (uint256) {
        try pool.reserveId(token) returns (uint256 id) {
            try pool.reserveWords(id) returns (ReserveWords memory words) {
                return Token.wrap(words.token).isPaused() ? 0 : IERC20(token).balanceOf(address(pool));
            } catch {}
        } catch {}
        return 0;
    }

    /// @notice Zero. @dev Reverts: UnsupportedToken.
    function flashFee(address token, uint256) external view returns (uint256) {
        _idOf(token);
        return 0;
    }

    function _idOf(address token) private view returns (uint256) {
        try pool.reserveId(token) returns (uint256 id) {
            return id;
        } catch {
            revert UnsupportedToken(token);
        }
    }
}
