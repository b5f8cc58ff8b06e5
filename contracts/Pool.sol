// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {PoolBase} from "./PoolBase.sol";
import {PoolExtension} from "./PoolExtension.sol";
import {LiquidationCase, LiquidationTerms} from "./interfaces/ILiquidationModel.sol";
import {AccountData, IPoolActions, IPoolCallbacks} from "./interfaces/IPoolActions.sol";
import {FeedReader} from "./oracle/FeedReader.sol";
import {LiquidationRule} from "./liquidation/LiquidationRule.sol";
import {Amounts} from "./libraries/Amounts.sol";
import {Category} from "./libraries/Categories.sol";
import {Transient} from "./libraries/Transient.sol";
import {LiquidationWord} from "./libraries/LiquidationWord.sol";
import {Holder, Ledger, Positions} from "./libraries/Positions.sol";
import {Interest, Reserves, ReserveSlots, Risk, Token, Totals} from "./libraries/Reserves.sol";
import {Valuation} from "./libraries/Valuation.sol";
import {WAD, WadMath} from "./libraries/WadMath.sol";

/// @title Weir pool
/// @dev Every action has the same beats in the same order: the reserve and its state, interest up to now, the amounts, the
/// position and who may, the totals, the event, the account's health, the tokens. Reading one teaches all.
contract Pool is PoolBase, IPoolActions {
    using WadMath for uint256;
    using Amounts for uint256;
    using Positions for Ledger;
    using Positions for Holder;
    using Reserves for ReserveSlots;
    using LiquidationWord for uint256;
    using SafeTransferLib for address;

    /// @dev The other half: permissions, configuration, views.
    address private immutable _extension;

    /// @param configurator_ The only writer of the configuration.
    constructor(address configurator_) PoolBase(configurator_) {
        _extension = address(new PoolExtension(configurator_));
    }

    // ------------------------------------------------------------------ lending

    /// @inheritdoc IPoolActions
    function supply(uint256 positionId, uint256 amount, address account)
        external
        lock
        returns (uint256 assets, uint256 shares)
    {
        address token;
        (token, assets, shares) = _supply(positionId, amount, account);
        token.safeTransferFrom(msg.sender, address(this), assets);
    }

    /// @inheritdoc IPoolActions
    function supplyAndCall(uint256 positionId, uint256 amount, address account, bytes calldata data)
        external
        lock
        returns (uint256 assets, uint256 shares)
    {
        address token;
        (token, assets, shares) = _supply(positionId, amount, account);
        _callAndPull(
            positionId % MAX_RESERVES,
            token,
            assets,
            abi.encodeCall(IPoolCallbacks.onSupply, (positionId, assets, data))
        );
    }

    function _supply(uint256 positionId, uint256 amount, address account)
        private
        returns (address, uint256 assets, uint256 shares)
    {
        if (positionId >= IDLE) return _supplyIdle(positionId, amount, account);
        Token token = _requireListed(positionId);
        _requireOpen(positionId, token);
        (Interest interest, Totals totals) = _accrue(positionId);

        (assets, shares) = amount.toSupply(interest.supplyIndex());

        _open(account, positionId, shares);
        totals = _addSupply(positionId, interest, totals, shares, assets);
        _refillOutflow(positionId, totals, assets);

        _store(positionId, interest, totals);
        emit Supply(positionId, account, msg.sender, assets, shares, Interest.unwrap(interest), Totals.unwrap(totals));
        return (token.addr(), assets, shares);
    }

    function _supplyIdle(uint256 positionId, uint256 amount, address account)
        private
        returns (address, uint256 assets, uint256)
    {
        uint256 id = positionId - IDLE;
        Token token = _requireListed(id);
        _requireOpen(id, token);

        assets = (amount & ~Amounts.SHARES).bounded();
        if (assets == 0) revert ZeroAmount();

        _open(account, positionId, assets);
        token = _addIdle(id, token, assets);
        emit SupplyIdle(id, account, msg.sender, assets, Token.unwrap(token));
        return (token.addr(), assets, assets);
    }

    /// @dev A stranger's dust must not decide which reserve takes an account's first place, nor whether a supply sits idle.
    function _open(address account, uint256 positionId, uint256 shares) private {
        (uint256 held, uint256 word) = _ledger.increase(account, positionId, Positions.SUPPLY, shares, true);
        if (held == 0) return _requireAuthorized(account, ACTION_SUPPLY);
        if (Positions.hasGifts(word) && (account == msg.sender || _isAuthorized(account, ACTION_SUPPLY))) {
            _ledger.accept(account, positionId % MAX_RESERVES);
        }
    }

    /// @inheritdoc IPoolActions
    function withdraw(uint256 positionId, uint256 amount, address account, address to)
        external
        lock
        returns (uint256 assets, uint256 shares)
    {
        if (to == address(0)) revert ZeroAddress();
        if (positionId >= IDLE) return _withdrawIdle(positionId, amount, account, to);
        Token token = _requireListed(positionId);
        (Interest interest, Totals totals) = _accrue(positionId);

        uint256 all = amount == Amounts.ALL ? _ledger.supplyOf(account, positionId) : 0;
        (assets, shares) = amount.toWithdraw(all, interest.supplyIndex());

        bool collateral = _ledger.decrease(account, positionId, Positions.SUPPLY, shares);
        _spendAllowance(account, ACTION_WITHDRAW, positionId, shares);
        totals = _takeSupply(positionId, interest, totals, shares, assets);
        _takeOutflow(positionId, totals, assets);

        _store(positionId, interest, totals);
        emit Withdraw(
            positionId, account, msg.sender, to, assets, shares, Interest.unwrap(interest), Totals.unwrap(totals)
        );

        if (collateral) _requireCoveredWithout(positionId, account);
        token.addr().safeTransfer(to, assets);
    }

    function _withdrawIdle(uint256 positionId, uint256 amount, address account, address to)
        private
        returns (uint256 assets, uint256)
    {
        uint256 id = positionId - IDLE;
        Token token = _requireListed(id);

        assets = amount == Amounts.ALL ? _ledger.supplyOf(account, positionId) : (amount & ~Amounts.SHARES).bounded();
        if (assets == 0) revert ZeroAmount();

        bool collateral = _ledger.decrease(account, positionId, Positions.SUPPLY, assets);
        _spendAllowance(account, ACTION_WITHDRAW, positionId, assets);
        token = _removeIdle(id, token, assets);
        emit WithdrawIdle(id, account, msg.sender, to, assets, Token.unwrap(token));

        if (collateral) _requireCoveredWithout(id, account);
        token.addr().safeTransfer(to, assets);
        return (assets, assets);
    }

    /// @inheritdoc IPoolActions
    function transfer(address receiver, uint256 positionId, uint256 amount) external lock returns (bool) {
        _transfer(msg.sender, receiver, positionId, amount);
        return true;
    }

    /// @inheritdoc IPoolActions
    function transferFrom(address sender, address receiver, uint256 positionId, uint256 amount)
        external
        lock
        returns (bool)
    {
        _spendAllowance(sender, ACTION_WITHDRAW, positionId, amount);
        _transfer(sender, receiver, positionId, amount);
        return true;
    }

    function _transfer(address sender, address receiver, uint256 positionId, uint256 amount) private {
        if (receiver == address(0)) revert ZeroAddress();
        if (positionId >= IDLE + MAX_RESERVES) revert UnknownReserve(positionId);
        if (amount == 0) revert ZeroAmount();
        bool collateral = _ledger.decrease(sender, positionId, Positions.SUPPLY, amount);
        (uint256 held,) = _ledger.increase(receiver, positionId, Positions.SUPPLY, amount, false);
        // That a supply sits idle is each account's own choice: a gift of dust must not keep it from earning.
        if (held == 0 && positionId >= IDLE) _requireAuthorized(receiver, ACTION_SUPPLY);
        if (held == 0) _ledger.give(receiver, positionId % MAX_RESERVES);
        emit Transfer(msg.sender, sender, receiver, positionId, amount);
        if (collateral) _requireCoveredWithout(positionId % MAX_RESERVES, sender);
    }

    // ------------------------------------------------------------------ borrowing

    /// @inheritdoc IPoolActions
    function borrow(uint256 id, uint256 amount, address account, address to)
        external
        lock
        returns (uint256 assets, uint256 shares)
    {
        if (to == address(0)) revert ZeroAddress();
        Token token = _requireListed(id);
        _requireOpen(id, token);
        (Interest interest, Totals totals) = _accrue(id);
        if (!totals.isBorrowable()) revert NotBorrowable(id);

        (assets, shares) = amount.toBorrow(interest.debtIndex());

        (, uint256 word) = _ledger.increase(account, id, Positions.DEBT, shares, false);
        _spendAllowance(account, ACTION_BORROW, id | DEBT, assets);
        _requireLends(Positions.category(word), id);
        Totals before = totals;
        totals = totals.addDebt(shares);
        uint256 owed = totals.debtAssets(interest);
        if (owed > totals.supplyAssets(interest)) revert InsufficientCash(id, assets, before.cash(interest));
        uint256 cap = totals.borrowCap();
        if (owed > cap) revert BorrowCapExceeded(id, assets, cap.zeroFloorSub(owed - assets));
        _requireMinDebt(account, id, interest.debtIndex());
        _takeOutflow(id, totals, assets);

        _store(id, interest, totals);
        emit Borrow(id, account, msg.sender, to, assets, shares, Interest.unwrap(interest), Totals.unwrap(totals));

        _requireCovered(account);
        token.addr().safeTransfer(to, assets);
    }

    /// @inheritdoc IPoolActions
    function repay(uint256 id, uint256 amount, address account) external lock returns (uint256 assets, uint256 shares) {
        address token;
        (token, assets, shares) = _repay(id, amount, account);
        token.safeTransferFrom(msg.sender, address(this), assets);
    }

    /// @inheritdoc IPoolActions
    function repayAndCall(uint256 id, uint256 amount, address account, bytes calldata data)
        external
        lock
        returns (uint256 assets, uint256 shares)
    {
        address token;
        (token, assets, shares) = _repay(id, amount, account);
        _callAndPull(id, token, assets, abi.encodeCall(IPoolCallbacks.onRepay, (id, assets, data)));
    }

    function _repay(uint256 id, uint256 amount, address account)
        private
        returns (address, uint256 assets, uint256 shares)
    {
        Token token = _requireListed(id);
        (Interest interest, Totals totals) = _accrue(id);

        uint256 held = _ledger.debtOf(account, id);
        if (held == 0) revert NoPosition(account, id);
        (assets, shares) = amount.toRepay(held, interest.debtIndex());

        _ledger.decrease(account, id, Positions.DEBT, shares);
        totals = totals.removeDebt(shares);
        _refillOutflow(id, totals, assets);

        _store(id, interest, totals);
        emit Repay(id, account, msg.sender, assets, shares, Interest.unwrap(interest), Totals.unwrap(totals));
        return (token.addr(), assets, shares);
    }

    // ------------------------------------------------------------------ composing

    /// @inheritdoc IPoolActions
    function flashLoan(uint256 id, uint256 assets, bytes calldata data) external lock {
        address token = _lend(id, assets);
        _callAndPull(id, token, assets, abi.encodeCall(IPoolCallbacks.onFlashLoan, (id, assets, data)));
    }

    /// @dev What a callback still owes counts as held meanwhile, so that a write-off finds the buffer whole.
    function _callAndPull(uint256 id, address token, uint256 assets, bytes memory message) private {
        uint256 owed = Transient.owed(id);
        Transient.setOwed(id, owed + assets);
        _callBack(message);
        Transient.setOwed(id, owed);
        token.safeTransferFrom(msg.sender, address(this), assets);
    }

    /// @inheritdoc IPoolActions
    function batch(bytes[] calldata calls) external returns (bytes[] memory results) {
        uint256 state = Transient.state();
        if (state & Transient.LOCKED != 0) revert Reentrancy();
        Transient.set(Transient.BATCH);
        results = new bytes[](calls.length);
        for (uint256 k; k < calls.length; ++k) {
            bool ok;
            (ok, results[k]) = address(this).delegatecall(calls[k]);
            if (!ok) {
                bytes memory reason = results[k];
                assembly ("memory-safe") {
                    revert(add(reason, 32), mload(reason))
                }
            }
        }
        if (state & Transient.BATCH != 0) return results; // the outer batch checks

        Transient.set(Transient.LOCKED);
        for (address account = Transient.takeDeferred(); account != address(0); account = Transient.takeDeferred()) {
            _checkCovered(account);
        }
        Transient.set(0);
    }

    // ------------------------------------------------------------------ liquidation

    /// @dev A liquidation at work: the account, the two sides, and what moves.
    struct Liquidation {
        Holder holder;
        Assessment a;
        uint256 terms; // see LiquidationWord
        uint256 debtId;
        uint256 collateralId;
        Interest debtInterest;
        Totals debtTotals;
        Interest collateralInterest; // none where idle
        uint256 collateralTotals; // or the token word, where idle
        uint256 debtIndex;
        uint256 supplyIndex; // WAD where idle
        bool idle;
        uint256 debtShares; // held before
        uint256 supplyShares;
        uint256 repaid;
        uint256 repaidShares;
        uint256 seized;
        uint256 seizedShares;
        uint256 fee;
    }

    /// @inheritdoc IPoolActions
    function liquidate(
        address account,
        uint256 debtId,
        uint256 collateralId,
        uint256 maxRepay,
        uint256 minReceived,
        address to
    ) external lock returns (uint256 repaid, uint256 received) {
        address debtToken;
        address collateralToken; // zero: paid in shares
        (debtToken, collateralToken, repaid, received) =
            _liquidate(account, debtId, collateralId, maxRepay, minReceived, to);
        // In this order, because one asset may be both, and all of it lent.
        debtToken.safeTransferFrom(msg.sender, address(this), repaid);
        if (collateralToken != address(0)) collateralToken.safeTransfer(to, received);
    }

    /// @inheritdoc IPoolActions
    function liquidateAndCall(
        address account,
        uint256 debtId,
        uint256 collateralId,
        uint256 maxRepay,
        uint256 minReceived,
        address to,
        bytes calldata data
    ) external lock returns (uint256 repaid, uint256 received) {
        address debtToken;
        address collateralToken;
        (debtToken, collateralToken, repaid, received) =
            _liquidate(account, debtId, collateralId, maxRepay, minReceived, to);
        if (collateralToken != address(0)) collateralToken.safeTransfer(to, received);
        _callAndPull(
            debtId, debtToken, repaid, abi.encodeCall(IPoolCallbacks.onLiquidate, (account, repaid, received, data))
        );
    }

    function _liquidate(
        address account,
        uint256 debtId,
        uint256 collateralId,
        uint256 maxRepay,
        uint256 minReceived,
        address to
    ) private returns (address, address, uint256 repaid, uint256 received) {
        if (account == msg.sender || account == to) revert SelfLiquidation();
        if (to == address(0)) revert ZeroAddress();
        _requireNotDeferred(account);
        Token debtToken = _requireListed(debtId);
        Token collateralToken = _requireListed(collateralId);
        _requireLiquidatable(debtId, debtToken);
        _requireLiquidatable(collateralId, collateralToken);

        Liquidation memory l;
        (l.terms, l.debtId, l.collateralId) = (_liquidation, debtId, collateralId);
        l.holder = _ledger.holder(account);
        l.idle = l.holder.isIdle(collateralId);
        // Stored at once, so that the assessment and the other side find these words accrued.
        (l.debtInterest, l.debtTotals) = _accrueAndStore(debtId);
        l.debtIndex = l.debtInterest.debtIndex();
        l.supplyIndex = WAD;
        if (!l.idle) {
            (l.collateralInterest,) = _accrueAndStore(collateralId);
            l.supplyIndex = l.collateralInterest.supplyIndex();
        }

        _assessLiquidation(l);
        _size(l, maxRepay);

        _ledger.decrease(account, debtId, Positions.DEBT, l.repaidShares);
        _slots(debtId).totals = l.debtTotals = l.debtTotals.removeDebt(l.repaidShares);
        bool asShares = minReceived & Amounts.SHARES != 0;
        received = _seize(l, asShares, to);
        if (asShares) minReceived ^= Amounts.SHARES;
        if (received < minReceived) revert SeizedTooLittle(received, minReceived);
        _emitLiquidate(l, to);

        if (_isBadDebt(l)) _writeOffUnbarred(l, asShares ? 0 : received);
        return (debtToken.addr(), asShares ? address(0) : collateralToken.addr(), l.repaid, received);
    }

    /// @inheritdoc IPoolActions
    function writeOff(address account) external lock {
        _requireNotDeferred(account);
        Liquidation memory l;
        (l.terms, l.debtId, l.collateralId) = (_liquidation, NONE, NONE);
        l.holder = _ledger.holder(account);
        _assess(l.a, l.holder, NONE, NONE);
        if (!_isBadDebt(l)) revert NotBadDebt(account, l.a.collateralValue, l.a.debtValue);
        uint256 barred = _writeOffUnbarred(l, 0);
        if (barred != NONE) _requireLiquidatable(barred, _slots(barred).token);
    }

    /// @dev Within a batch an account may for a moment owe more than it may: that is nobody's chance.
    function _requireNotDeferred(address account) private view {
        if (Transient.state() & Transient.BATCH != 0 && Transient.isDeferred(account)) {
            revert HealthCheckPending(account);
        }
    }

    function _accrueAndStore(uint256 id) private returns (Interest interest, Totals totals) {
        (interest, totals) = _accrue(id);
        _slots(id).interest = interest;
    }

    /// @dev Refuses everything but an unhealthy account with a priced debt and a priced collateral.
    function _assessLiquidation(Liquidation memory l) private view {
        l.debtShares = _ledger.sharesOf(l.holder, l.debtId, Positions.DEBT);
        if (l.debtShares == 0) revert NoPosition(l.holder.account, l.debtId);
        l.supplyShares = _ledger.sharesOf(l.holder, l.collateralId, Positions.SUPPLY);
        Assessment memory a = l.a;
        _assess(a, l.holder, l.debtId, l.collateralId);
        if (a.threshold == 0) revert NotCollateral(l.holder.account, l.collateralId);
        if (a.debtPrice == 0) revert NoPrice(l.debtId);
        if (a.collateralPrice == 0) revert NoPrice(l.collateralId);
        if (a.liquidationLimit >= a.debtValue) revert Healthy(l.holder.account, _health(a));
    }

    /// @dev Turns what the liquidation model allows into amounts and shares.
    function _size(Liquidation memory l, uint256 maxRepay) private view {
        Assessment memory a = l.a;
        LiquidationTerms memory terms = l.terms.terms();
        (uint256 repayValue, uint256 bonus) = LiquidationRule.size(
            l.terms.model(),
            LiquidationCase({
                account: l.holder.account,
                debtValue: a.debtValue,
                limit: a.liquidationLimit,
                debtSide: a.debtSide,
                collateralSide: a.collateralSide,
                threshold: a.threshold,
                bonusFloor: a.bonusFloor,
                bonusCap: a.bonusCap
            }),
            terms
        );
        uint256 allowed = l.debtShares.mulUp(l.debtIndex);
        if (repayValue < a.debtSide) {
            allowed = Valuation.assetsUp(repayValue, a.debtPrice, a.debtDecimals).min(allowed);
        }
        (l.repaid, l.repaidShares) = maxRepay.min(allowed).toRepay(l.debtShares, l.debtIndex);

        uint256 supplied = l.supplyShares.mulDown(l.supplyIndex);
        uint256 factor = WAD + bonus; // a bonus is at most one
        uint256 covered = a.collateralSide.divDown(factor);
        l.seized = Valuation.assetsDown(
            Valuation.valueDown(l.repaid, a.debtPrice, a.debtDecimals).mulDown(factor),
            a.collateralPrice,
            a.collateralDecimals
        );
        if (l.seized >= supplied || (repayValue >= covered && l.repaid == allowed)) {
            // All the collateral goes, for what it covers.
            l.seized = supplied;
            l.seizedShares = l.supplyShares;
            (l.repaid, l.repaidShares) = Valuation.assetsUp(covered, a.debtPrice, a.debtDecimals).min(l.repaid)
                .toRepay(l.debtShares, l.debtIndex);
        } else {
            l.seizedShares = l.seized.divUp(l.supplyIndex);
            if (l.repaid < allowed) _requireNoDust(l, terms.dust);
        }
        l.fee = (l.seized - l.seized.divUp(factor)).mulUp(a.liquidationFee);
    }

    /// @dev Only for a caller who offers less than the rule allows; the rule itself leaves no dust that can be avoided.
    function _requireNoDust(Liquidation memory l, uint256 dust) private pure {
        Assessment memory a = l.a;
        (uint256 collateralLeft, uint256 debtLeft) = _left(l);
        collateralLeft -= a.collateralValue - a.collateralSide;
        debtLeft -= a.debtValue - a.debtSide;
        if (debtLeft < dust || collateralLeft < dust) revert LeavesDust(debtLeft, collateralLeft);
    }

    /// @dev The account's values once what is repaid and seized is gone.
    function _left(Liquidation memory l) private pure returns (uint256 collateralValue, uint256 debtValue) {
        Assessment memory a = l.a;
        unchecked {
            // Each side is part of its sum.
            collateralValue = a.collateralValue
                - Valuation.valueDown(l.seized, a.collateralPrice, a.collateralDecimals).min(a.collateralSide);
            debtValue = a.debtValue - Valuation.valueDown(l.repaid, a.debtPrice, a.debtDecimals).min(a.debtSide);
        }
    }

    /// @dev Takes the collateral from the account: in assets that leave the pool, or in shares that become the supply of `to`.
    /// The fee's shares are burned and its assets stay: they are the protocol's buffer then.
    function _seize(Liquidation memory l, bool asShares, address to) private returns (uint256 received) {
        uint256 id = l.collateralId;
        uint256 positionId = l.idle ? id | IDLE : id;
        uint256 burned = l.seizedShares;
        _ledger.decrease(l.holder.account, positionId, Positions.SUPPLY, burned);
        if (asShares) {
            received = (l.seized - l.fee).divDown(l.supplyIndex);
            burned -= received; // the fee, and what rounding leaves
            _open(to, positionId, received);
            emit Transfer(msg.sender, l.holder.account, to, positionId, received);
        } else {
            received = l.seized - l.fee;
        }
        if (l.idle) {
            l.collateralTotals = Token.unwrap(_removeIdle(id, _slots(id).token, burned));
        } else {
            // Read anew: where one asset is both, its debt has just changed.
            Totals totals = _takeSupply(id, l.collateralInterest, _slots(id).totals, burned, asShares ? 0 : received);
            _slots(id).totals = totals;
            l.collateralTotals = Totals.unwrap(totals);
            if (id == l.debtId) l.debtTotals = totals;
        }
    }

    function _emitLiquidate(Liquidation memory l, address to) private {
        emit Liquidate(
            l.holder.account,
            l.debtId,
            l.collateralId,
            msg.sender,
            to,
            l.repaid,
            l.repaidShares,
            l.seized,
            l.seizedShares,
            l.fee,
            Interest.unwrap(l.debtInterest),
            Totals.unwrap(l.debtTotals),
            Interest.unwrap(l.collateralInterest),
            l.collateralTotals
        );
    }

    /// @dev Bad debt: all assets priced, and collateral left that is worth next to nothing and less than the debt left.
    function _isBadDebt(Liquidation memory l) private pure returns (bool) {
        if (l.a.unpriced) return false;
        (uint256 collateralLeft, uint256 debtLeft) = _left(l);
        return collateralLeft < debtLeft && collateralLeft <= l.terms.writeOffBelow();
    }

    /// @dev Takes the rest of the collateral into the buffers and every debt off the books. The liquidation's own tokens have
    /// not moved yet: `l.repaid` is still to come, `paidOut` still to go. What is forfeited and written off at a wrong price is
    /// gone: where one of the reserves is paused, or was until just now, nothing happens and it is named, else NONE.
    function _writeOffUnbarred(Liquidation memory l, uint256 paidOut) private returns (uint256 id) {
        Holder memory h = _ledger.holder(l.holder.account);
        uint256 debts = h.debts();
        if (debts == 0) return NONE; // the value left was rounding
        uint256 collaterals = _seizable(h);
        // The pair of a liquidation is known to be live.
        uint256 left = (collaterals | debts) & ~(1 << l.debtId | 1 << l.collateralId);
        while (left != 0) {
            (id, left) = Positions.next(left);
            if (_isBarred(id, _slots(id).token)) return id;
        }
        while (collaterals != 0) {
            (id, collaterals) = Positions.next(collaterals);
            _forfeit(id, h.account);
        }
        while (debts != 0) {
            (id, debts) = Positions.next(debts);
            _writeOff(id, h.account, id == l.debtId ? l.repaid : 0, id == l.collateralId ? paidOut : 0);
        }
        return NONE;
    }

    /// @dev The collaterals with a threshold: the others are nobody's to take.
    function _seizable(Holder memory h) private view returns (uint256 bitmap) {
        Category category = _categoryOf(h);
        uint256 left = _countingCollaterals(h, category);
        uint256 id;
        while (left != 0) {
            (id, left) = Positions.next(left);
            if (_threshold(id, _slots(id).risk, h, category) != 0) bitmap |= 1 << id;
        }
    }

    function _forfeit(uint256 id, address account) private {
        (uint256 shares, bool idle) = _ledger.close(account, id, Positions.SUPPLY);
        if (idle) {
            Token token = _removeIdle(id, _slots(id).token, shares);
            emit Forfeit(id, account, shares, 0, Token.unwrap(token));
            return;
        }
        (Interest interest, Totals totals) = _accrue(id);
        totals = totals.removeSupply(shares);
        _store(id, interest, totals);
        uint256 assets = shares.mulDown(interest.supplyIndex());
        emit Forfeit(id, account, assets, Interest.unwrap(interest), Totals.unwrap(totals));
    }

    /// @dev The buffer pays first, then the insurer; what they cannot pay lowers the supply index, so that every supplier loses
    /// the same share at once and nobody gains by having left earlier in the block.
    function _writeOff(uint256 id, address account, uint256 toCome, uint256 toGo) private {
        (Interest interest, Totals totals) = _accrue(id);
        uint256 buffer = _buffer(id, interest, totals, toCome, toGo);
        (uint256 shares,) = _ledger.close(account, id, Positions.DEBT);
        totals = totals.removeDebt(shares);
        // Rounded up by itself: the difference of two rounded sums may be a wei less than what is lost.
        uint256 lost = shares.mulUp(interest.debtIndex());

        uint256 deficit = lost.zeroFloorSub(buffer);
        if (deficit != 0 && totals.isInsured()) (totals, deficit) = _slash(id, interest, totals, deficit);
        uint256 supplied = totals.supplyShares();
        uint256 index = interest.supplyIndex();
        if (deficit != 0 && supplied != 0) {
            index = totals.supplyAssets(interest).zeroFloorSub(deficit).divDown(supplied);
            interest = Reserves.packInterest(index, interest.debtIndex(), interest.timestamp(), interest.rates());
        }
        _store(id, interest, totals);
        emit WriteOff(id, account, lost, deficit, Interest.unwrap(interest), Totals.unwrap(totals));
        if (deficit != 0 && index < Reserves.MIN_SUPPLY_INDEX) {
            // Shares are worth next to nothing: nobody supplies on, which would divide by the index.
            uint256 token = Token.unwrap(_slots(id).token) | Reserves.FROZEN;
            _slots(id).token = Token.wrap(token);
            emit Frozen(id, token);
        }
    }

    /// @dev Burns supply shares of the insurer against a deficit: what they were owed is no more, and nobody has to be called.
    function _slash(uint256 id, Interest interest, Totals totals, uint256 deficit)
        private
        returns (Totals, uint256 left)
    {
        address insurer = _slots(id).insurer;
        uint256 index = interest.supplyIndex();
        uint256 shares = _ledger.supplyOf(insurer, id);
        if (shares == 0 || index == 0) return (totals, deficit);
        shares = shares.min(deficit.divUp(index));
        _ledger.decrease(insurer, id, Positions.SUPPLY, shares);
        uint256 paid = shares.mulDown(index).min(deficit);
        emit Slash(id, insurer, paid, shares);
        return (totals.removeSupply(shares), deficit - paid);
    }

    // ------------------------------------------------------------------ health

    /// @dev What an account holds and owes, and the pair of assets that a liquidator picked. Values and fractions in WAD.
    struct Assessment {
        uint256 collateralValue;
        uint256 debtValue;
        uint256 borrowLimit;
        uint256 liquidationLimit;
        bool unpriced;
        uint256 debtSide;
        uint256 debtPrice;
        uint256 debtDecimals;
        uint256 collateralSide;
        uint256 collateralPrice;
        uint256 collateralDecimals;
        uint256 threshold; // of the collateral, as the three below
        uint256 bonusFloor;
        uint256 bonusCap;
        uint256 liquidationFee;
    }

    /// @dev The account at fresh indices. An asset without a price counts zero on its side; one with a threshold of zero is no
    /// collateral for anybody, and is not seized.
    function _assess(Assessment memory a, Holder memory h, uint256 debtId, uint256 collateralId) private view {
        uint256 id;
        uint256 left = h.debts();
        while (left != 0) {
            (id, left) = Positions.next(left);
            Risk risk = _slots(id).risk;
            uint256 price = FeedReader.read(risk.feed(), risk.maxAge());
            uint256 decimals = risk.decimals();
            uint256 value = Valuation.valueUp(_debtAssets(h, id), price, decimals);
            unchecked {
                a.debtValue += value; // a value overflows before 64 of them do, here and below
            }
            if (price == 0) a.unpriced = true;
            if (id == debtId) (a.debtSide, a.debtPrice, a.debtDecimals) = (value, price, decimals);
        }
        Category category = _categoryOf(h);
        left = _countingCollaterals(h, category);
        while (left != 0) {
            (id, left) = Positions.next(left);
            Risk risk = _slots(id).risk;
            uint256 threshold = _threshold(id, risk, h, category);
            if (threshold == 0) continue;
            uint256 price = FeedReader.read(risk.feed(), risk.maxAge());
            uint256 assets = _ledger.sharesOf(h, id, Positions.SUPPLY);
            if (!h.isIdle(id)) assets = assets.mulDown(_slots(id).accruedInterest(id).supplyIndex());
            uint256 value = Valuation.valueDown(assets, price, risk.decimals());
            bool included = category.includes(id);
            unchecked {
                a.collateralValue += value;
                a.borrowLimit += value.mulDown(included ? category.ltv() : risk.ltv());
                a.liquidationLimit += value.mulDown(threshold);
            }
            if (price == 0) a.unpriced = true;
            if (id == collateralId) {
                (a.collateralSide, a.collateralPrice, a.collateralDecimals) = (value, price, risk.decimals());
                (a.threshold, a.liquidationFee) = (threshold, risk.liquidationFee());
                (a.bonusFloor, a.bonusCap) =
                    included ? (category.bonusFloor(), category.bonusCap()) : (risk.bonusFloor(), risk.bonusCap());
            }
        }
    }

    function _health(Assessment memory a) private pure returns (uint256) {
        return a.debtValue == 0 ? type(uint256).max : a.liquidationLimit.divDown(a.debtValue);
    }

    /// @inheritdoc IPoolActions
    function healthFactor(address account) external view unlocked returns (uint256) {
        Assessment memory a;
        _assess(a, _ledger.holder(account), NONE, NONE);
        return _health(a);
    }

    /// @inheritdoc IPoolActions
    function accountData(address account) external view unlocked returns (AccountData memory) {
        Assessment memory a;
        _assess(a, _ledger.holder(account), NONE, NONE);
        return AccountData(a.collateralValue, a.debtValue, a.borrowLimit, a.liquidationLimit, _health(a), a.unpriced);
    }

    // ------------------------------------------------------------------ the other half

    /// @dev Everything else is `PoolExtension`'s, on this contract's storage and in this caller's name.
    fallback() external {
        address extension = _extension;
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, 0, calldatasize())
            let ok := delegatecall(gas(), extension, free, calldatasize(), 0, 0)
            returndatacopy(free, 0, returndatasize())
            if ok { return(free, returndatasize()) }
            revert(free, returndatasize())
        }
    }
}
