// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";

import {IPool} from "../interfaces/IPool.sol";

/// @title Insurance vault: the junior capital of one reserve
/// @notice An ERC-4626 vault whose deposits earn in a pool's reserve like any supply, and are the first to be lost: where a pool has
/// made this vault the reserve's insurer, bad debt that the reserve's buffer cannot pay burns the vault's supply before anybody
/// else's, in the transaction that writes it off. The vault is not asked and need not be: its supply just is less afterwards, and all
/// its shares with it, those in cooldown too. There is no owner and nothing to set.
///
/// Whoever wants out says so first: `cooldown(shares)`, and after `cooldownPeriod` seconds he may withdraw or redeem up to that many
/// within `window` seconds. Then it takes another cooldown. What is cooled belongs to its holder: shares that he gives away are
/// taken off it as soon as he holds fewer than are cooled, and their new holder begins anew.
///
/// The premium is whatever others add: anybody may supply on behalf of a vault that has supply, `pool.supply(reserveId, amount,
/// vault)`, or send supply shares to any, and its shares are worth more at once: who pays much in one go pays those too who came a
/// moment before. Tokens sent to the vault itself belong to nobody.
///
/// Amounts are as in `IWrappedSupply`: assets in raw token units; the pool's shares back the vault's, which have six digits more.
/// Rounding is against the caller; `preview` functions are what the same call does in the same block, the limits on leaving aside.
/// A million virtual shares make it pointless to raise the price of a small vault's shares before a deposit.
///
/// A vault that was slashed until its shares are worth less than a millionth of what they started with takes no deposits: new money
/// would drown or rescue old shares by accident of rounding. Supply shares that somebody sends it open it again, at a price that is
/// one; so does redeeming the old shares, for nothing if nothing is left.
///
/// `maxDeposit` and `maxMint` heed the reserve's switches and cap and are zero while the vault is depleted; `maxWithdraw` and `maxRedeem`
/// heed cooldown, window, the reserve's cash and its limit on outflow. All are zero in the middle of an action of the pool, and exact:
/// one unit more reverts.
///
/// @dev Reverts beside those of ERC-20 and the pool: ReentrancyGuardReentrantCall from inside another entry of the vault.
interface IInsuranceVault is IERC4626 {
    /// Not `1 day <= cooldown <= 90 days`, or not `1 hour <= window <= cooldown`.
    error PeriodsOutOfRange(uint256 cooldownPeriod, uint256 window);
    /// Only `ready` shares of the holder's may leave now.
    error NotCooledDown(address owner, uint256 shares, uint256 ready);
    /// A cooldown of more shares than the holder has.
    error CooldownExceedsBalance(address owner, uint256 shares, uint256 balance);
    /// The vault's shares are worth next to nothing.
    error Depleted();
    /// The deposit is worth less than one share.
    error NothingMinted(uint256 assets);

    /// @dev The shares may leave from `opensAt` on, until before `closesAt`, Unix seconds.
    event CooldownStarted(address indexed owner, uint256 shares, uint256 opensAt, uint256 closesAt);

    /// @notice Starts the cooldown of the caller's `shares`, in place of any other that he has; zero ends it.
    /// @dev Reverts: CooldownExceedsBalance.
    function cooldown(uint256 shares) external;

    /// @notice The holder's shares in cooldown, and when they may leave: from `opensAt` on, until before `closesAt`.
    function cooldownOf(address owner) external view returns (uint256 shares, uint256 opensAt, uint256 closesAt);

    /// @notice Whether the vault takes no deposits because its shares are worth next to nothing.
    function isDepleted() external view returns (bool);

    /// @notice The pool, and the id of the reserve in it.
    function pool() external view returns (IPool);
    function reserveId() external view returns (uint256);

    /// @notice In seconds.
    function cooldownPeriod() external view returns (uint256);
    function window() external view returns (uint256);
}
