// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LiquidationCase, LiquidationTerms} from "../interfaces/ILiquidationModel.sol";
import {IPoolErrors} from "../interfaces/IPoolErrors.sol";
import "./IQuoteLens.sol";
import {LiquidationRule} from "../liquidation/LiquidationRule.sol";
import {Amounts} from "../libraries/Amounts.sol";
import {Outflows} from "../libraries/Outflows.sol";
import {Positions} from "../libraries/Positions.sol";
import {Interest, Reserves, Totals} from "../libraries/Reserves.sol";
import {Valuation} from "../libraries/Valuation.sol";
import {WAD, WadMath} from "../libraries/WadMath.sol";
import {Book, Books, Page, Row, Sheet} from "./Books.sol";

/// @title Quotes
/// @dev Each action has one function that says what the pool would say, its checks in the pool's order. The most that goes
/// through is found by asking it, so that both agree.
contract QuoteLens is IQuoteLens {
    using WadMath for uint256;
    using Amounts for uint256;

    // ------------------------------------------------------------------ borrowing and withdrawing

    /// @dev An action on one reserve that is still to be sized.
    struct Action {
        Page page;
        Row row;
        uint256 index; // between assets and shares
        uint256 held; // shares before
        bytes4 shut; // refused whatever the amount
        bytes4 foreign; // the category's refusal
        uint256 outflowRoom;
        uint256 minDebt;
        bool checked; // whether the account has to be covered afterwards
        bool priced; // whether all its debts have a price
        uint256 otherDebt;
        uint256 otherLimit;
    }

    /// @inheritdoc IQuoteLens
    function quoteBorrow(IPool pool, address account, uint256 id, uint256 amount)
        external
        view
        returns (Quote memory q)
    {
        Book memory book = Books.open(pool);
        Sheet memory s = book.sheet(account);
        q.before = book.assess(s);
        if (id >= book.pages.length) return _refuse(q, IPoolErrors.UnknownReserve.selector);

        Action memory a = _action(book, s, id);
        a.index = a.page.interest.debtIndex();
        a.held = a.row.debtShares;
        a.shut = _shut(a.page);
        if (s.number != 0 && s.category.borrowables() >> id & 1 == 0) a.foreign = IPoolErrors.NotInCategory.selector;
        (a.checked, a.priced) = (true, a.priced && a.page.owedPrice != 0);
        a.otherLimit += _limitOf(a, a.row.supplyShares);

        q.borrowRate = book.borrowRate(id, a.page.totals);
        q.most = _most(a, _refusesLoan);
        a.minDebt = a.page.risk.minDebt();
        if (q.most != 0 && _refusesLoan(a, q.most, q.most.divUp(a.index)) != 0) q.most = 0;

        if (a.shut != 0) return _refuse(q, a.shut);
        q.refusal = _outOfRange(amount);
        if (q.refusal != 0) return q;
        (uint256 assets, uint256 shares) = amount.toBorrow(a.index);
        q.refusal = _refusesLoan(a, assets, shares);
        if (q.refusal == IPoolErrors.SharesOverflow.selector) return q;

        (q.assets, q.shares) = (assets, shares);
        a.row.debtShares += shares;
        s.enter(a.row);
        _finish(q, book, s, id, a.page.totals.addDebt(shares));
    }

    /// @inheritdoc IQuoteLens
    function quoteWithdraw(IPool pool, address account, uint256 positionId, uint256 amount)
        external
        view
        returns (Quote memory q)
    {
        bool idle = positionId >= Positions.IDLE;
        uint256 id = idle ? positionId - Positions.IDLE : positionId;
        Book memory book = Books.open(pool);
        Sheet memory s = book.sheet(account);
        q.before = book.assess(s);
        if (id >= book.pages.length) return _refuse(q, IPoolErrors.UnknownReserve.selector);

        Action memory a = _action(book, s, id);
        a.index = idle ? WAD : a.page.interest.supplyIndex();
        a.held = a.row.idle == idle ? a.row.supplyShares : 0;
        a.checked = a.row.collateral && s.owes && (a.page.risk.threshold() != 0 || s.category.includes(id));
        if (a.row.debtShares != 0) {
            a.priced = a.priced && a.page.owedPrice != 0;
            a.otherDebt += a.page.owedValue(a.page.debtAssets(a.row));
        }

        q.borrowRate = book.borrowRate(id, a.page.totals);
        // After a write-off that has left nothing, shares are worth nothing.
        if (a.index != 0) q.most = _most(a, _refusesWithdrawal);

        if (idle && amount != Amounts.ALL) amount &= ~Amounts.SHARES;
        bool worthless = a.index == 0 && amount & Amounts.SHARES == 0;
        if (amount == Amounts.ALL ? a.held == 0 : worthless) return _refuse(q, IPoolErrors.ZeroAmount.selector);
        if (amount != Amounts.ALL) q.refusal = _outOfRange(amount);
        if (q.refusal != 0) return q;
        (uint256 assets, uint256 shares) = amount.toWithdraw(a.held, a.index);
        q.refusal = _refusesWithdrawal(a, assets, shares);
        if (q.refusal == IPoolErrors.InsufficientShares.selector) return q;

        (q.assets, q.shares) = (assets, shares);
        a.row.supplyShares -= shares;
        _finish(q, book, s, id, idle ? a.page.totals : a.page.totals.removeSupply(shares));
    }

    function _refuse(Quote memory q, bytes4 refusal) private pure returns (Quote memory) {
        q.refusal = refusal;
        return q;
    }

    function _action(Book memory book, Sheet memory s, uint256 id) private view returns (Action memory a) {
        Page memory p = book.page(id);
        (a.page, a.row) = (p, s.find(id));
        a.outflowRoom = p.totals.hasLimitedOutflow() ? Outflows.level(p.outflow) : type(uint256).max;
        (a.otherDebt, a.otherLimit, a.priced) = book.rest(s, id);
    }

    /// @dev What `shares` of the action's reserve add to the borrowing limit: it has just been accrued.
    function _limitOf(Action memory a, uint256 shares) private pure returns (uint256) {
        if (a.row.ltv == 0) return 0;
        uint256 assets = a.row.idle ? shares : shares.mulDown(a.page.interest.supplyIndex());
        return a.page.coverValue(assets).mulDown(a.row.ltv);
    }

    function _shut(Page memory p) private pure returns (bytes4) {
        if (p.token.isPaused()) return IPoolErrors.ReservePaused.selector;
        if (p.token.isFrozen()) return IPoolErrors.ReserveFrozen.selector;
        if (!p.totals.isBorrowable()) return IPoolErrors.NotBorrowable.selector;
        return 0;
    }

    function _outOfRange(uint256 amount) private pure returns (bytes4) {
        if (amount & ~Amounts.SHARES > Amounts.LIMIT) return IPoolErrors.AmountTooLarge.selector;
        if (amount & ~Amounts.SHARES == 0) return IPoolErrors.ZeroAmount.selector;
        return 0;
    }

    /// @dev The greatest amount of assets that is not refused. Whoever is refused an amount is refused every larger one.
    function _most(Action memory a, function(Action memory, uint256, uint256) pure returns (bytes4) refuses)
        private
        pure
        returns (uint256 most)
    {
        for (uint256 bit = 1 << 127; bit != 0; bit >>= 1) {
            uint256 assets = most | bit;
            if (refuses(a, assets, assets.divUp(a.index)) == 0) most = assets;
        }
    }

    /// @dev The checks of `Pool.borrow`.
    function _refusesLoan(Action memory a, uint256 assets, uint256 shares) private pure returns (bytes4) {
        Page memory p = a.page;
        if (a.shut != 0) return a.shut;
        if (a.held + shares > Reserves.MASK_112) return IPoolErrors.SharesOverflow.selector;
        if (a.foreign != 0) return a.foreign;
        if (p.totals.debtShares() + shares > Reserves.MASK_112) return IPoolErrors.SharesOverflow.selector;
        uint256 owed = p.totals.addDebt(shares).debtAssets(p.interest);
        if (owed > p.totals.supplyAssets(p.interest)) return IPoolErrors.InsufficientCash.selector;
        if (owed > p.totals.borrowCap()) return IPoolErrors.BorrowCapExceeded.selector;
        uint256 debt = (a.held + shares).mulUp(a.index);
        if (debt < a.minDebt) return IPoolErrors.DebtTooSmall.selector;
        if (assets > a.outflowRoom) return IPoolErrors.OutflowLimitExceeded.selector;
        return _uncovered(a, a.otherDebt + p.owedValue(debt), a.otherLimit);
    }

    /// @dev The checks of `Pool.withdraw`.
    function _refusesWithdrawal(Action memory a, uint256 assets, uint256 shares) private pure returns (bytes4) {
        Page memory p = a.page;
        if (shares > a.held) return IPoolErrors.InsufficientShares.selector;
        if (!a.row.idle) {
            uint256 left = p.totals.removeSupply(shares).supplyAssets(p.interest);
            if (assets != 0 && left < p.totals.debtAssets(p.interest)) return IPoolErrors.InsufficientCash.selector;
            if (assets > a.outflowRoom) return IPoolErrors.OutflowLimitExceeded.selector;
        }
        return _uncovered(a, a.otherDebt, a.otherLimit + _limitOf(a, a.held - shares));
    }

    function _uncovered(Action memory a, uint256 debtValue, uint256 borrowLimit) private pure returns (bytes4) {
        if (!a.checked) return 0;
        if (!a.priced) return IPoolErrors.NoPrice.selector;
        return debtValue > borrowLimit ? IPoolErrors.Undercollateralized.selector : bytes4(0);
    }

    /// @dev The account and the reserve once the action is done.
    function _finish(Quote memory q, Book memory book, Sheet memory s, uint256 id, Totals totals) private view {
        q.borrowRateAfter = book.borrowRate(id, totals);
        q.later = book.assess(s);
        q.prices = new PriceView[](s.rows.length);
        for (uint256 k; k < s.rows.length; ++k) {
            Row memory row = s.rows[k];
            (uint256 below, uint256 above) = book.page(row.id).liquidationPrices(row, q.later);
            q.prices[k] = PriceView(row.id, below, above);
        }
    }

    // ------------------------------------------------------------------ liquidating

    /// @dev A liquidation at work, as in `Pool`.
    struct Liquidation {
        address account;
        Book book;
        Sheet sheet;
        AccountData total;
        Page debt;
        Page collateral;
        Row debtRow;
        Row collateralRow;
        uint256 debtIndex;
        uint256 supplyIndex;
        uint256 debtSide;
        uint256 collateralSide;
        LiquidationTerms terms;
        address model;
        uint256 writeOffBelow;
        uint256 repaidShares;
        uint256 seizedShares;
        uint256 fee;
    }

    /// @inheritdoc IQuoteLens
    function quoteLiquidation(
        IPool pool,
        address account,
        uint256 debtId,
        uint256 collateralId,
        uint256 maxRepay,
        bool asShares
    ) external view returns (LiquidationQuote memory q) {
        Liquidation memory l;
        (l.account, l.book) = (account, Books.open(pool));
        (l.terms.targetHealth, l.terms.fullHealth, l.terms.dust, l.writeOffBelow, l.model) = pool.liquidationTerms();
        q.refusal = _refusesPair(l, account, debtId, collateralId);
        if (q.refusal != 0) return q;
        q.refusal = _size(l, q, maxRepay);
        if (q.refusal == 0) q.refusal = _seize(l, q, asShares);
        if (q.refusal != 0) {
            LiquidationQuote memory none;
            none.refusal = q.refusal;
            return none;
        }
        q.repaidValue = l.debt.valueUp(q.repaid);
        q.receivedValue = l.collateral.valueDown(asShares ? q.received.mulDown(l.supplyIndex) : q.received);
        q.writesOff = _writesOff(l, q);
    }

    function _refusesPair(Liquidation memory l, address account, uint256 debtId, uint256 collateralId)
        private
        view
        returns (bytes4)
    {
        uint256 count = l.book.pages.length;
        if (debtId >= count || collateralId >= count) return IPoolErrors.UnknownReserve.selector;
        (l.debt, l.collateral) = (l.book.page(debtId), l.book.page(collateralId));
        bytes4 bar = l.debt.bar();
        if (bar == 0) bar = l.collateral.bar();
        if (bar != 0) return bar;

        l.sheet = l.book.sheet(account);
        (l.debtRow, l.collateralRow) = (l.sheet.find(debtId), l.sheet.find(collateralId));
        if (l.debtRow.debtShares == 0) return IPoolErrors.NoPosition.selector;
        if (l.collateralRow.threshold == 0) return IPoolErrors.NotCollateral.selector;
        if (l.debt.price == 0 || l.collateral.price == 0) return IPoolErrors.NoPrice.selector;
        l.total = l.book.assess(l.sheet);
        if (l.total.liquidationLimit >= l.total.debtValue) return IPoolErrors.Healthy.selector;

        l.debtIndex = l.debt.interest.debtIndex();
        l.supplyIndex = l.collateralRow.idle ? WAD : l.collateral.interest.supplyIndex();
        l.debtSide = l.debt.valueUp(l.debt.debtAssets(l.debtRow));
        l.collateralSide = l.collateral.valueDown(l.collateral.supplyAssets(l.collateralRow));
        return 0;
    }

    /// @dev In step with the pool's own sizing.
    function _size(Liquidation memory l, LiquidationQuote memory q, uint256 maxRepay) private view returns (bytes4) {
        uint256 repayValue;
        (repayValue, q.bonus) = _ask(l);
        uint256 owed = l.debtRow.debtShares;
        uint256 allowed = owed.mulUp(l.debtIndex);
        if (repayValue < l.debtSide) {
            allowed = Valuation.assetsUp(repayValue, l.debt.price, l.debt.risk.decimals()).min(allowed);
        }
        if (!_repays(l, q, maxRepay.min(allowed))) return IPoolErrors.ZeroAmount.selector;

        uint256 supplied = l.collateralRow.supplyShares.mulDown(l.supplyIndex);
        uint256 factor = WAD + q.bonus;
        uint256 covered = l.collateralSide.divDown(factor);
        q.seized = Valuation.assetsDown(
            l.debt.valueDown(q.repaid).mulDown(factor), l.collateral.price, l.collateral.risk.decimals()
        );
        if (q.seized >= supplied || (repayValue >= covered && q.repaid == allowed)) {
            (q.seized, l.seizedShares) = (supplied, l.collateralRow.supplyShares);
            uint256 most = Valuation.assetsUp(covered, l.debt.price, l.debt.risk.decimals());
            if (!_repays(l, q, most.min(q.repaid))) return IPoolErrors.ZeroAmount.selector;
        } else {
            l.seizedShares = q.seized.divUp(l.supplyIndex);
            if (q.repaid < allowed) {
                (uint256 collateralLeft, uint256 debtLeft) = _left(l, q);
                collateralLeft -= l.total.collateralValue - l.collateralSide;
                debtLeft -= l.total.debtValue - l.debtSide;
                if (debtLeft < l.terms.dust || collateralLeft < l.terms.dust) return IPoolErrors.LeavesDust.selector;
            }
        }
        l.fee = (q.seized - q.seized.divUp(factor)).mulUp(l.collateral.risk.liquidationFee());
        return 0;
    }

    /// @dev `Amounts.toRepay`, which reverts where less than one share would be repaid.
    function _repays(Liquidation memory l, LiquidationQuote memory q, uint256 amount) private pure returns (bool) {
        uint256 owed = l.debtRow.debtShares;
        if (amount < owed.mulUp(l.debtIndex) && amount.divDown(l.debtIndex) == 0) return false;
        (q.repaid, l.repaidShares) = amount.toRepay(owed, l.debtIndex);
        return true;
    }

    function _ask(Liquidation memory l) private view returns (uint256 repayValue, uint256 bonus) {
        LiquidationCase memory c = LiquidationCase({
            account: l.account,
            debtValue: l.total.debtValue,
            limit: l.total.liquidationLimit,
            debtSide: l.debtSide,
            collateralSide: l.collateralSide,
            threshold: l.collateralRow.threshold,
            bonusFloor: l.collateralRow.bonusFloor,
            bonusCap: l.collateralRow.bonusCap
        });
        return LiquidationRule.size(l.model, c, l.terms);
    }

    function _seize(Liquidation memory l, LiquidationQuote memory q, bool asShares) private pure returns (bytes4) {
        if (asShares) {
            q.received = (q.seized - l.fee).divDown(l.supplyIndex);
            return q.received == 0 ? IPoolErrors.ZeroAmount.selector : bytes4(0);
        }
        q.received = q.seized - l.fee;
        if (l.collateralRow.idle || q.received == 0) return 0;
        Interest interest = l.collateral.interest;
        Totals totals = l.collateral.totals;
        if (l.debtRow.id == l.collateralRow.id) totals = totals.removeDebt(l.repaidShares);
        uint256 left = totals.removeSupply(l.seizedShares).supplyAssets(interest);
        return left < totals.debtAssets(interest) ? IPoolErrors.InsufficientCash.selector : bytes4(0);
    }

    /// @dev The account's values once what is repaid and seized is gone.
    function _left(Liquidation memory l, LiquidationQuote memory q)
        private
        pure
        returns (uint256 collateralValue, uint256 debtValue)
    {
        collateralValue = l.total.collateralValue - l.collateral.valueDown(q.seized).min(l.collateralSide);
        debtValue = l.total.debtValue - l.debt.valueDown(q.repaid).min(l.debtSide);
    }

    /// @dev Bad debt, unless an asset that it would touch is paused.
    function _writesOff(Liquidation memory l, LiquidationQuote memory q) private view returns (bool) {
        (uint256 collateralLeft, uint256 debtLeft) = _left(l, q);
        if (l.total.unpriced || collateralLeft >= debtLeft || collateralLeft > l.writeOffBelow) return false;
        l.debtRow.debtShares -= l.repaidShares;
        l.collateralRow.supplyShares -= l.seizedShares;
        bool owes;
        for (uint256 k; k < l.sheet.rows.length; ++k) {
            Row memory row = l.sheet.rows[k];
            if (row.debtShares != 0) owes = true;
            bool touched = row.debtShares != 0 || (row.threshold != 0 && row.supplyShares != 0);
            if (touched && l.book.page(row.id).bar() != 0) return false;
        }
        return owes; // else the value left was rounding
    }
}
