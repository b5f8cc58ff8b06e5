// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPool} from "../interfaces/IPool.sol";
import {AccountData} from "../interfaces/IPoolActions.sol";
import {CategoryData, ReserveData} from "../interfaces/IPoolExtension.sol";

/// @dev A pool as a whole. Units as in `ReserveData` and `CategoryData`; healths and values in WAD.
struct MarketView {
    uint256 timestamp; // Unix seconds
    address configurator;
    ReserveData[] reserves; // by id
    TokenView[] tokens; // of the reserves
    uint256[] numbers; // of the categories that have been opened, ascending
    CategoryData[] categories;
    uint256 targetHealth;
    uint256 fullHealth;
    uint256 dust;
    uint256 writeOffBelow;
    address liquidationModel; // zero: the built-in rule
}

struct TokenView {
    string symbol; // in ASCII, "?" for every other byte; empty where the token does not say
    uint256 decimals; // zero where the token does not say
    bool described; // false: the pool cannot describe the reserve, which has its token and switches here and nothing else
}

/// @dev An account with all its positions.
struct AccountView {
    AccountData total;
    uint256 category; // zero: none
    PositionView[] positions; // by ascending reserve id
}

/// @dev What an account has in one reserve. Amounts in raw token units, values in the base currency and WAD, fractions in WAD.
///
/// The last two are answers of the reserve's feed, all others unchanged, at which the account can be liquidated: the first of
/// them and all lower ones (zero: none; type(uint256).max: all), the second and all higher ones (type(uint256).max: none; zero:
/// all). Exact up to 2^20 times the answer of now; what is farther off counts as never. Without a price there are none.
struct PositionView {
    uint256 id;
    bool idle;
    bool collateral; // as the account has chosen
    bool counts; // it covers debts: chosen, with a threshold, and not shut out by an isolated category
    uint256 price; // the feed's answer; zero: no price
    uint256 supplyAssets;
    uint256 supplyValue;
    uint256 debtAssets;
    uint256 debtValue;
    uint256 ltv; // the category's or the reserve's; zero where it does not count
    uint256 threshold; // now, as the LTV
    uint256 borrowLimit; // what it adds to the account's
    uint256 liquidationLimit;
    uint256 liquidationBelow;
    uint256 liquidationAbove;
}

/// @dev What a wallet holds of a reserve's token, outside the pool.
struct HoldingView {
    address token;
    uint256 balance; // zero where the token does not answer
    uint256 allowance; // to the pool; as the balance
}

/// @title Lens: a pool in one call
/// @notice What a dashboard, a wallet or a keeper asks first. Every function is a view of any pool, at the interest of the moment,
/// and equals what the pool itself says.
/// @dev A token, feed or model that reverts, answers short or burns gas spoils what it is about and nothing else: each costs at
/// most `Untrusted.GAS` a call, `RESERVE_GAS` a reserve, and is asked once, for however many accounts. Give plenty of gas: what
/// runs short looks like what fails. Every function reverts inside an action of the pool, as the pool's views do.
interface ILens {
    /// @notice All reserves, categories and terms.
    function market(IPool pool) external view returns (MarketView memory);

    /// @notice An account's positions, what each adds to its limits and the prices that would undo it.
    function account(IPool pool, address who) external view returns (AccountView memory);

    /// @notice Values, limits and healths of any number of accounts, in their order.
    function healths(IPool pool, address[] calldata accounts) external view returns (AccountData[] memory);

    /// @notice What a wallet could supply or repay: every reserve's token, by id.
    function wallet(IPool pool, address who) external view returns (HoldingView[] memory);
}
