// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPool} from "../interfaces/IPool.sol";
import {AccountData} from "../interfaces/IPoolActions.sol";

/// @dev What an action would do now. Amounts in raw token units, rates per second in WAD.
struct Quote {
    bytes4 refusal; // selector of the pool's error; zero: it goes through
    uint256 most; // assets: as many go through, one more does not
    uint256 assets; // moved
    uint256 shares; // minted or burned
    uint256 borrowRate; // of the reserve
    uint256 borrowRateAfter;
    AccountData before;
    AccountData later;
    PriceView[] prices; // later, by position
}

/// @dev Prices of liquidation; see `PositionView`.
struct PriceView {
    uint256 id;
    uint256 below;
    uint256 above;
}

/// @dev What a liquidation would do now. Amounts in raw token units, values in the base currency and WAD, fractions in WAD.
struct LiquidationQuote {
    bytes4 refusal; // selector of the pool's error; zero: it goes through
    uint256 repaid;
    uint256 received; // assets or, where asked for, shares
    uint256 seized; // assets that leave the account; what is not received is the protocol's fee
    uint256 bonus;
    uint256 repaidValue; // rounded up
    uint256 receivedValue; // rounded down
    bool writesOff; // the rest of the account's debts would be written off in the same call
}

/// @title Quotes: what a pool would do, before it is asked
/// @notice Every answer equals what the action does in the same block. Where the pool refuses, the quote names its error.
/// @dev What depends on others than the account is left out: the caller's authorization, allowance and tokens, and the token's own
/// refusal to move. A quote of what is refused for its size or for want of cover still says what would come of it; otherwise
/// what comes after is zero. A model that keeps a state of its own is asked at the state of its last accrual.
interface IQuoteLens {
    /// @notice What borrowing `amount`, as in `IPool.borrow`, would do to the account.
    /// @dev `most` is zero where every amount that is covered would leave less than the reserve's least debt.
    function quoteBorrow(IPool pool, address account, uint256 id, uint256 amount) external view returns (Quote memory);

    /// @notice What withdrawing `amount`, as in `IPool.withdraw`, would do to the account.
    /// @dev Where `most` is the whole balance, withdraw `type(uint256).max`: it leaves nothing behind.
    function quoteWithdraw(IPool pool, address account, uint256 positionId, uint256 amount)
        external
        view
        returns (Quote memory);

    /// @notice What liquidating the account would repay and pay out, by a stranger who has approved enough.
    /// @param maxRepay As in `IPool.liquidate`. @param asShares Whether to receive supply shares.
    function quoteLiquidation(
        IPool pool,
        address account,
        uint256 debtId,
        uint256 collateralId,
        uint256 maxRepay,
        bool asShares
    ) external view returns (LiquidationQuote memory);
}
