// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {ILiquidationModel, LiquidationCase, LiquidationTerms} from "./interfaces/ILiquidationModel.sol";
import "./interfaces/IPool.sol";
import {KinkedCurve} from "./rates/KinkedCurve.sol";
import {FeedReader} from "./oracle/FeedReader.sol";
import {TargetHealth} from "./liquidation/TargetHealth.sol";
import {LiquidationWord} from "./libraries/LiquidationWord.sol";
import {Ledger, Positions} from "./libraries/Positions.sol";
import {Reserve, Reserves, ReserveSlots, Risk} from "./libraries/Reserves.sol";
import {Untrusted} from "./libraries/Untrusted.sol";
import {Valuation} from "./libraries/Valuation.sol";
import {WAD, WadMath} from "./libraries/WadMath.sol";

/// @title Weir pool
/// @dev Every action has the same beats in the same order: who may, interest up to now, the reserve's state, the amounts, the
/// position, the totals, the event, the account's health, the tokens. Reading one teaches all.
contract Pool is IPool, ReentrancyGuardTransient {
    using WadMath for uint256;
    using Positions for Ledger;
    using Reserves for Reserve;
    using Reserves for ReserveSlots;
    using LiquidationWord for uint256;
    using SafeTransferLib for address;

    // ------------------------------------------------------------------ constants

    /// What an authorization may cover.
    uint256 public constant ACTION_SUPPLY = 1;
    uint256 public constant ACTION_WITHDRAW = 2;
    uint256 public constant ACTION_BORROW = 4;
    uint256 public constant ACTION_COLLATERAL = 8;

    /// Set in an amount: the rest of it counts shares.
    uint256 public constant SHARES = 1 << 255;

    uint256 private constant MAX_RESERVES = 64;
    /// "No reserve", for health checks that look at no pair.
    uint256 private constant NONE = type(uint256).max;

    // ------------------------------------------------------------------ immutables

    /// @inheritdoc IPool
    address public immutable configurator;

    // ------------------------------------------------------------------ storage

    ReserveSlots[MAX_RESERVES] private _reserves;
    Ledger private _ledger;
    mapping(address account => mapping(address operator => uint256)) private _authorizations; // actions 16 | expiry 40
    mapping(address token => uint256) private _idPlusOne;
    uint256 private _liquidation; // see LiquidationWord
    /// @inheritdoc IPool
    uint256 public reserveCount;

    // ------------------------------------------------------------------ constructor

    constructor(address configurator_) {
        if (configurator_ == address(0)) revert ZeroAddress();
        configurator = configurator_;
    }

    modifier onlyConfigurator() {
        if (msg.sender != configurator) revert NotConfigurator(msg.sender);
        _;
    }

    // ------------------------------------------------------------------ lending

    /// @inheritdoc IPool
    function supply(uint256 id, uint256 assets, address account) external nonReentrant returns (uint256 shares) {
        (Reserve memory r, uint256 token) = _enter(id);
        _requireOpen(id, token);

        shares = Reserves.toSharesDown(assets, r.supplyIndex);
        if (shares == 0) revert ZeroAmount();

        uint256 held = _ledger.sharesOf(account, id, Positions.SUPPLY);
        // A stranger's dust must not decide which reserve takes an account's first place.
        if (held == 0) _requireAuthorized(account, ACTION_SUPPLY);
        _ledger.setShares(account, id, Positions.SUPPLY, held + shares);
        r.supplyShares += shares;
        if (r.supplyAssets() > r.supplyCap()) revert SupplyCapExceeded(id, r.supplyAssets(), r.supplyCap());

        (uint256 index, uint256 totals) = _reserves[id].store(r);
        emit Supply(id, account, msg.sender, assets, shares, index, totals);

        _token(token).safeTransferFrom(msg.sender, address(this), assets);
    }

    /// @inheritdoc IPool
    function withdraw(uint256 id, uint256 assets, address account, address to)
        external
        nonReentrant
        returns (uint256 withdrawn, uint256 shares)
    {
        _requireAuthorized(account, ACTION_WITHDRAW);
        if (to == address(0)) revert ZeroAddress();
        (Reserve memory r, uint256 token) = _enter(id);

        if (assets == 0) revert ZeroAmount();
        uint256 held = _ledger.sharesOf(account, id, Positions.SUPPLY);
        uint256 balance = Reserves.toAssetsDown(held, r.supplyIndex);
        withdrawn = assets == type(uint256).max ? balance : assets;
        if (withdrawn > balance) revert InsufficientSupply(id, withdrawn, balance);
        shares = assets == type(uint256).max ? held : Reserves.toSharesUp(withdrawn, r.supplyIndex);
        if (shares == 0) revert ZeroAmount();

        bool collateral = _isCollateral(account, id);
        _ledger.setShares(account, id, Positions.SUPPLY, held - shares);
        _takeSupply(id, r, shares, withdrawn);

        (uint256 index, uint256 totals) = _reserves[id].store(r);
        emit Withdraw(id, account, msg.sender, to, withdrawn, shares, index, totals);

        if (collateral) _requireCoveredWithout(id, account);
        _token(token).safeTransfer(to, withdrawn);
    }

    // ------------------------------------------------------------------ borrowing

    /// @inheritdoc IPool
    function borrow(uint256 id, uint256 assets, address account, address to)
        external
        nonReentrant
        returns (uint256 shares)
    {
        _requireAuthorized(account, ACTION_BORROW);
        if (to == address(0)) revert ZeroAddress();
        (Reserve memory r, uint256 token) = _enter(id);
        _requireOpen(id, token);
        if (!r.isBorrowable()) revert NotBorrowable(id);

        shares = Reserves.toSharesUp(assets, r.debtIndex);
        if (shares == 0) revert ZeroAmount();

        uint256 cash = r.cash();
        _ledger.setShares(account, id, Positions.DEBT, _ledger.sharesOf(account, id, Positions.DEBT) + shares);
        r.debtShares += shares;
        if (r.debtAssets() > r.supplyAssets()) revert InsufficientCash(id, assets, cash);
        if (r.debtAssets() > r.borrowCap()) revert BorrowCapExceeded(id, r.debtAssets(), r.borrowCap());

        (uint256 index, uint256 totals) = _reserves[id].store(r);
        emit Borrow(id, account, msg.sender, to, assets, shares, index, totals);

        _requireCovered(account);
        _token(token).safeTransfer(to, assets);
    }

    /// @inheritdoc IPool
    function repay(uint256 id, uint256 assets, address account)
        external
        nonReentrant
        returns (uint256 repaid, uint256 shares)
    {
        (Reserve memory r, uint256 token) = _enter(id);

        uint256 held = _ledger.sharesOf(account, id, Positions.DEBT);
        if (held == 0) revert NoPosition(account, id);
        (repaid, shares) = _repayable(assets, held, r.debtIndex);

        _ledger.setShares(account, id, Positions.DEBT, held - shares);
        r.debtShares -= shares;

        (uint256 index, uint256 totals) = _reserves[id].store(r);
        emit Repay(id, account, msg.sender, repaid, shares, index, totals);

        _token(token).safeTransferFrom(msg.sender, address(this), repaid);
    }

    /// @inheritdoc IPool
    function setCollateral(uint256 id, bool enabled, address account) external nonReentrant {
        _requireAuthorized(account, ACTION_COLLATERAL);
        _requireListed(id);
        if (_ledger.sharesOf(account, id, Positions.SUPPLY) == 0) revert NoPosition(account, id);

        _ledger.setCollateral(account, id, enabled);
        emit CollateralSet(id, account, msg.sender, enabled);

        if (!enabled) _requireCoveredWithout(id, account);
    }

    /// @inheritdoc IPool
    function authorize(address operator, uint256 actions, uint256 expiry) external nonReentrant {
        if (operator == address(0)) revert ZeroAddress();
        actions &= type(uint16).max;
        expiry = expiry.min(type(uint40).max);
        _authorizations[msg.sender][operator] = actions | expiry << 16;
        emit Authorized(msg.sender, operator, actions, expiry);
    }

    /// @inheritdoc IPool
    function accrue(uint256 id) external nonReentrant {
        (Reserve memory r,) = _enter(id);
        (uint256 index, uint256 totals) = _reserves[id].store(r);
        emit Accrued(id, index, totals);
    }

    // ------------------------------------------------------------------ liquidation

    /// @dev A liquidation at work: the account's values, the two sides, and what moves.
    struct Liquidation {
        address account;
        uint256 debtId;
        uint256 collateralId;
        Reserve debt;
        Reserve collateral; // the same memory as `debt` when one asset is both
        Assessment a;
        uint256 debtShares; // held before
        uint256 supplyShares;
        uint256 repaid;
        uint256 repaidShares;
        uint256 seized;
        uint256 seizedShares;
        uint256 fee;
    }

    /// @inheritdoc IPool
    function liquidate(
        address account,
        uint256 debtId,
        uint256 collateralId,
        uint256 maxRepay,
        uint256 minReceived,
        address to
    ) external nonReentrant returns (uint256 repaid, uint256 received) {
        if (account == msg.sender) revert SelfLiquidation();
        if (to == address(0)) revert ZeroAddress();
        Liquidation memory l;
        (l.account, l.debtId, l.collateralId) = (account, debtId, collateralId);
        uint256 debtToken;
        uint256 collateralToken;
        (l.debt, debtToken) = _enter(debtId);
        (l.collateral, collateralToken) = debtId == collateralId ? (l.debt, debtToken) : _enter(collateralId);
        _requireLive(debtId, debtToken);
        _requireLive(collateralId, collateralToken);

        // Stored at once, because an external rate model has moved on and must not be asked about the same interval again.
        _reserves[debtId].store(l.debt);
        _reserves[collateralId].store(l.collateral);

        _assessLiquidation(l);
        _size(l, maxRepay);
        repaid = l.repaid;

        _ledger.setShares(account, debtId, Positions.DEBT, l.debtShares - l.repaidShares);
        _ledger.setShares(account, collateralId, Positions.SUPPLY, l.supplyShares - l.seizedShares);
        l.debt.debtShares -= l.repaidShares;
        // The fee's shares are burned and its assets stay: they are the protocol's buffer now.
        uint256 paidOut;
        if (minReceived & SHARES == 0) {
            received = paidOut = l.seized - l.fee;
            _takeSupply(collateralId, l.collateral, l.seizedShares, paidOut);
        } else {
            minReceived ^= SHARES;
            uint256 burned = Reserves.toSharesUp(l.fee, l.collateral.supplyIndex).min(l.seizedShares);
            l.collateral.supplyShares -= burned;
            received = l.seizedShares - burned;
            _giveShares(collateralId, account, to, received);
        }
        if (received < minReceived) revert SeizedTooLittle(received, minReceived);

        (uint256 debtIndex, uint256 debtTotals) = _reserves[debtId].store(l.debt);
        (uint256 collateralIndex, uint256 collateralTotals) = _reserves[collateralId].store(l.collateral);
        emit Liquidate(
            account, debtId, collateralId, msg.sender, to, repaid, l.repaidShares, l.seized, l.seizedShares, l.fee
        );
        emit LiquidationTotals(debtId, debtIndex, debtTotals);
        emit LiquidationTotals(collateralId, collateralIndex, collateralTotals);

        if (_isBadDebt(l) && _pausedReserve(account) == NONE) _writeOffAccount(l, paidOut);

        _token(debtToken).safeTransferFrom(msg.sender, address(this), repaid);
        if (paidOut != 0) _token(collateralToken).safeTransfer(to, paidOut);
    }

    /// @inheritdoc IPool
    function writeOff(address account) external nonReentrant {
        Liquidation memory l;
        l.account = account;
        (l.debtId, l.collateralId) = (NONE, NONE);
        l.a = _assess(account, NONE, NONE);
        if (!_isBadDebt(l)) revert NotBadDebt(account, l.a.collateralValue, l.a.debtValue);
        uint256 paused = _pausedReserve(account);
        if (paused != NONE) revert ReservePaused(paused);
        _writeOffAccount(l, 0);
    }

    /// @dev Refuses everything but an unhealthy account with a priced debt and a priced collateral.
    function _assessLiquidation(Liquidation memory l) private view {
        l.debtShares = _ledger.sharesOf(l.account, l.debtId, Positions.DEBT);
        if (l.debtShares == 0) revert NoPosition(l.account, l.debtId);
        l.supplyShares = _ledger.sharesOf(l.account, l.collateralId, Positions.SUPPLY);
        l.a = _assess(l.account, l.debtId, l.collateralId);
        if (l.a.collateralRisk.threshold == 0) revert NotCollateral(l.account, l.collateralId);
        if (l.a.debtPrice == 0) revert NoPrice(l.debtId);
        if (l.a.collateralPrice == 0) revert NoPrice(l.collateralId);
        if (l.a.liquidationLimit >= l.a.debtValue) revert Healthy(l.account, _health(l.a));
    }

    /// @dev Turns what the liquidation model allows into amounts and shares.
    function _size(Liquidation memory l, uint256 maxRepay) private view {
        Assessment memory a = l.a;
        LiquidationTerms memory terms = _liquidation.terms();
        (uint256 repayValue, uint256 bonus) = _ask(
            LiquidationCase({
                debtValue: a.debtValue,
                limit: a.liquidationLimit,
                debtSide: a.debtSide,
                collateralSide: a.collateralSide,
                threshold: a.collateralRisk.threshold,
                bonusFloor: a.collateralRisk.bonusFloor,
                bonusCap: a.collateralRisk.bonusCap
            }),
            terms
        );

        uint256 debtAssets = Reserves.toAssetsUp(l.debtShares, l.debt.debtIndex);
        uint256 allowed = repayValue < a.debtSide
            ? Valuation.assetsUp(repayValue, a.debtPrice, a.debtDecimals).min(debtAssets)
            : debtAssets;
        (l.repaid, l.repaidShares) = _repayable(maxRepay.min(allowed), l.debtShares, l.debt.debtIndex);

        uint256 supplied = Reserves.toAssetsDown(l.supplyShares, l.collateral.supplyIndex);
        uint256 covered = a.collateralSide.divDown(WAD + bonus);
        l.seized = Valuation.assetsDown(
            Valuation.valueDown(l.repaid, a.debtPrice, a.debtDecimals).mulDown(WAD + bonus),
            a.collateralPrice,
            a.collateralRisk.decimals
        );
        if (l.seized >= supplied || (repayValue >= covered && l.repaid == allowed)) {
            // All the collateral goes, for what it covers.
            l.seized = supplied;
            l.seizedShares = l.supplyShares;
            (l.repaid, l.repaidShares) = _repayable(
                Valuation.assetsUp(covered, a.debtPrice, a.debtDecimals).min(l.repaid), l.debtShares, l.debt.debtIndex
            );
        } else {
            l.seizedShares = Reserves.toSharesUp(l.seized, l.collateral.supplyIndex);
            if (l.repaid < allowed) _requireNoDust(l, terms.dust);
        }
        l.fee = (l.seized - l.seized.divUp(WAD + bonus)).mulUp(a.collateralRisk.liquidationFee);
    }

    /// @dev Only for a caller who offers less than the rule allows; the rule itself leaves no dust that can be avoided.
    function _requireNoDust(Liquidation memory l, uint256 dust) private pure {
        uint256 debtLeft = l.a.debtSide.zeroFloorSub(Valuation.valueDown(l.repaid, l.a.debtPrice, l.a.debtDecimals));
        uint256 collateralLeft = l.a.collateralSide
            .zeroFloorSub(Valuation.valueDown(l.seized, l.a.collateralPrice, l.a.collateralRisk.decimals));
        if (debtLeft < dust || collateralLeft < dust) revert LeavesDust(debtLeft, collateralLeft);
    }

    /// @dev The pool's external model, held to its bounds, or the built-in rule.
    function _ask(LiquidationCase memory c, LiquidationTerms memory terms)
        private
        view
        returns (uint256 repayValue, uint256 bonus)
    {
        address model = _liquidation.model();
        if (model != address(0)) {
            bool ok;
            (ok, repayValue, bonus) = Untrusted.ask(model, abi.encodeCall(ILiquidationModel.size, (c, terms)), 2);
            // An answer too small to act on is none.
            if (ok && repayValue != 0 && repayValue >= terms.dust.min(c.debtSide)) {
                return (repayValue.min(c.debtSide), bonus.min(c.bonusCap));
            }
        }
        return TargetHealth.size(c, terms);
    }

    /// @dev Bad debt: all assets priced, debt left, and collateral left that is worth next to nothing and less than it.
    function _isBadDebt(Liquidation memory l) private view returns (bool) {
        Assessment memory a = l.a;
        if (a.unpriced || _ledger.reservesOf(l.account, Positions.DEBT) == 0) return false;
        uint256 collateralLeft = a.collateralValue
            - Valuation.valueDown(l.seized, a.collateralPrice, a.collateralRisk.decimals).min(a.collateralSide);
        uint256 debtLeft = a.debtValue - Valuation.valueDown(l.repaid, a.debtPrice, a.debtDecimals).min(a.debtSide);
        return collateralLeft <= _liquidation.writeOffBelow() && collateralLeft < debtLeft;
    }

    /// @dev A paused reserve that the account owes to or has pledged, or NONE. A pause may mean that a price is doubted, and
    /// what is forfeited and written off at a wrong price is gone.
    function _pausedReserve(address account) private view returns (uint256 id) {
        uint256 left = _ledger.collateralsOf(account);
        while (left != 0) {
            (id, left) = Positions.next(left);
            if (_reserves[id].token & Reserves.PAUSED != 0 && _reserves[id].loadRisk().threshold != 0) return id;
        }
        left = _ledger.reservesOf(account, Positions.DEBT);
        while (left != 0) {
            (id, left) = Positions.next(left);
            if (_reserves[id].token & Reserves.PAUSED != 0) return id;
        }
        return NONE;
    }

    /// @dev Takes the rest of the collateral into the buffers and every debt off the books. The liquidation's own tokens have
    /// not moved yet: `l.repaid` is still to come, `paidOut` still to go.
    function _writeOffAccount(Liquidation memory l, uint256 paidOut) private {
        uint256 id;
        uint256 left = _ledger.collateralsOf(l.account);
        while (left != 0) {
            (id, left) = Positions.next(left);
            if (_reserves[id].loadRisk().threshold != 0) _forfeit(id, l.account);
        }
        left = _ledger.reservesOf(l.account, Positions.DEBT);
        while (left != 0) {
            (id, left) = Positions.next(left);
            _writeOff(id, l.account, id == l.debtId ? l.repaid : 0, id == l.collateralId ? paidOut : 0);
        }
    }

    function _forfeit(uint256 id, address account) private {
        Reserve memory r = _accrue(id);
        uint256 shares = _ledger.sharesOf(account, id, Positions.SUPPLY);
        _ledger.setShares(account, id, Positions.SUPPLY, 0);
        r.supplyShares -= shares;
        (uint256 index, uint256 totals) = _reserves[id].store(r);
        emit Forfeit(id, account, Reserves.toAssetsDown(shares, r.supplyIndex), shares, index, totals);
    }

    /// @dev The buffer pays first; what it cannot pay lowers the supply index, so that every supplier loses the same share at
    /// once and nobody gains by having left earlier in the block.
    function _writeOff(uint256 id, address account, uint256 toCome, uint256 toGo) private {
        Reserve memory r = _accrue(id);
        uint256 buffer = _buffer(id, r, toCome, toGo);
        uint256 shares = _ledger.sharesOf(account, id, Positions.DEBT);
        uint256 before = r.debtAssets();
        _ledger.setShares(account, id, Positions.DEBT, 0);
        r.debtShares -= shares;
        uint256 lost = before - r.debtAssets();

        uint256 deficit = lost.zeroFloorSub(buffer);
        bool worthless;
        if (deficit != 0 && r.supplyShares != 0) {
            r.supplyIndex = r.supplyAssets().zeroFloorSub(deficit).divDown(r.supplyShares);
            if (r.supplyIndex < Reserves.MIN_SUPPLY_INDEX) {
                // Shares are worth next to nothing: nobody supplies on, which would divide by the index.
                _reserves[id].token |= Reserves.FROZEN;
                worthless = true;
            }
        }
        (uint256 index, uint256 totals) = _reserves[id].store(r);
        emit WriteOff(id, account, lost, shares, deficit, index, totals);
        if (worthless) _emitConfigured(id);
    }

    // ------------------------------------------------------------------ health

    /// @dev What an account holds and owes, and the pair of assets that a liquidator picked. Values in WAD.
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
        Risk collateralRisk;
    }

    /// @dev The account at fresh indices. An asset without a price counts zero on its side; one with a threshold of zero is no
    /// collateral for anybody, and is not seized.
    function _assess(address account, uint256 debtId, uint256 collateralId) private view returns (Assessment memory a) {
        uint256 id;
        uint256 left = _ledger.reservesOf(account, Positions.DEBT);
        while (left != 0) {
            (id, left) = Positions.next(left);
            (uint256 value, uint256 price, uint256 decimals) = _debtValue(account, id);
            a.debtValue += value;
            if (price == 0) a.unpriced = true;
            if (id == debtId) (a.debtSide, a.debtPrice, a.debtDecimals) = (value, price, decimals);
        }
        left = _ledger.collateralsOf(account);
        while (left != 0) {
            (id, left) = Positions.next(left);
            Risk memory k = _reserves[id].loadRisk();
            if (k.threshold == 0) continue;
            uint256 price = FeedReader.read(k.feed, k.maxAge);
            uint256 assets = Reserves.toAssetsDown(
                _ledger.sharesOf(account, id, Positions.SUPPLY), _reserves[id].accrued(id).supplyIndex
            );
            uint256 value = Valuation.valueDown(assets, price, k.decimals);
            a.collateralValue += value;
            a.borrowLimit += value.mulDown(k.ltv);
            a.liquidationLimit += value.mulDown(k.threshold);
            if (price == 0) a.unpriced = true;
            if (id == collateralId) (a.collateralSide, a.collateralPrice, a.collateralRisk) = (value, price, k);
        }
    }

    /// @dev For whoever takes on risk: debt at fresh indices against collateral at stored ones, which are not higher, and only
    /// as many collaterals as it takes. Without debt no price is read.
    function _requireCovered(address account) private view {
        uint256 id;
        uint256 debtValue;
        uint256 left = _ledger.reservesOf(account, Positions.DEBT);
        if (left == 0) return;
        while (left != 0) {
            (id, left) = Positions.next(left);
            (uint256 value, uint256 price,) = _debtValue(account, id);
            if (price == 0) revert NoPrice(id);
            debtValue += value;
        }

        uint256 borrowLimit;
        left = _ledger.collateralsOf(account);
        while (left != 0 && borrowLimit < debtValue) {
            (id, left) = Positions.next(left);
            Risk memory k = _reserves[id].loadRisk();
            if (k.ltv == 0) continue;
            uint256 assets = Reserves.toAssetsDown(
                _ledger.sharesOf(account, id, Positions.SUPPLY), _reserves[id].storedSupplyIndex()
            );
            borrowLimit += Valuation.valueDown(assets, FeedReader.read(k.feed, k.maxAge), k.decimals).mulDown(k.ltv);
        }
        if (debtValue > borrowLimit) revert Undercollateralized(account, debtValue, borrowLimit);
    }

    /// @dev For whoever takes out supply: it is free without debt, and where the asset is nobody's collateral.
    function _requireCoveredWithout(uint256 id, address account) private view {
        if (_ledger.reservesOf(account, Positions.DEBT) == 0 || _reserves[id].loadRisk().threshold == 0) return;
        _requireCovered(account);
    }

    function _debtValue(address account, uint256 id)
        private
        view
        returns (uint256 value, uint256 price, uint256 decimals)
    {
        Risk memory k = _reserves[id].loadRisk();
        price = FeedReader.read(k.feed, k.maxAge);
        decimals = k.decimals;
        uint256 assets =
            Reserves.toAssetsUp(_ledger.sharesOf(account, id, Positions.DEBT), _reserves[id].accrued(id).debtIndex);
        value = Valuation.valueUp(assets, price, decimals);
    }

    function _health(Assessment memory a) private pure returns (uint256) {
        return a.debtValue == 0 ? type(uint256).max : a.liquidationLimit.divDown(a.debtValue);
    }

    // ------------------------------------------------------------------ steps that actions share

    /// @dev The reserve with interest up to now, and its token word.
    function _enter(uint256 id) private returns (Reserve memory r, uint256 token) {
        token = _requireListed(id);
        r = _accrue(id);
    }

    function _accrue(uint256 id) private returns (Reserve memory r) {
        r = _reserves[id].accrued(id);
        if (r.rates & Reserves.EXTERNAL_MODEL != 0) _reserves[id].notifyModel(id);
    }

    function _requireListed(uint256 id) private view returns (uint256 token) {
        if (id >= MAX_RESERVES) revert UnknownReserve(id);
        token = _reserves[id].token;
        if (token == 0) revert UnknownReserve(id);
    }

    function _requireLive(uint256 id, uint256 token) private pure {
        if (token & Reserves.PAUSED != 0) revert ReservePaused(id);
    }

    function _requireOpen(uint256 id, uint256 token) private pure {
        _requireLive(id, token);
        if (token & Reserves.FROZEN != 0) revert ReserveFrozen(id);
    }

    function _requireAuthorized(address account, uint256 action) private view {
        if (account == msg.sender) return;
        uint256 word = _authorizations[account][msg.sender];
        if (word & action == 0 || word >> 16 < block.timestamp) revert NotAuthorized(account, msg.sender, action);
    }

    function _token(uint256 word) private pure returns (address) {
        return address(uint160(word));
    }

    function _isCollateral(address account, uint256 id) private view returns (bool) {
        return _ledger.collateralsOf(account) >> id & 1 != 0;
    }

    /// @dev Credits supply shares that have just left `from`.
    function _giveShares(uint256 id, address from, address to, uint256 shares) private {
        uint256 held = _ledger.sharesOf(to, id, Positions.SUPPLY);
        if (held == 0) _requireAuthorized(to, ACTION_SUPPLY);
        _ledger.setShares(to, id, Positions.SUPPLY, held + shares);
        emit Transfer(msg.sender, from, to, id, shares);
    }

    /// @dev Burns supply shares against `assets` that leave the pool. What stays must cover what is lent.
    function _takeSupply(uint256 id, Reserve memory r, uint256 shares, uint256 assets) private pure {
        uint256 cash = r.cash();
        r.supplyShares -= shares;
        if (assets != 0 && r.supplyAssets() < r.debtAssets()) revert InsufficientCash(id, assets, cash);
    }

    /// @dev What an offer of `assets` pays of a debt: everything when it reaches the debt, else whole shares only.
    function _repayable(uint256 assets, uint256 held, uint256 index)
        private
        pure
        returns (uint256 repaid, uint256 shares)
    {
        uint256 owed = Reserves.toAssetsUp(held, index);
        if (assets >= owed) return (owed, held);
        shares = Reserves.toSharesDown(assets, index);
        if (shares == 0) revert ZeroAmount();
        return (assets, shares);
    }

    /// @dev The protocol's income, derived and never stored: what the pool holds and is owed beyond what suppliers own. A
    /// donation only adds to what absorbs losses.
    function _buffer(uint256 id, Reserve memory r, uint256 toCome, uint256 toGo) private view returns (uint256) {
        uint256 held = IERC20(_token(_reserves[id].token)).balanceOf(address(this)) + toCome - toGo;
        return (held + r.debtAssets()).zeroFloorSub(r.supplyShares.mulUp(r.supplyIndex));
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IPool
    function supplyBalance(address account, uint256 id) external view nonReentrantView returns (uint256) {
        _requireListed(id);
        return
            Reserves.toAssetsDown(
                _ledger.sharesOf(account, id, Positions.SUPPLY), _reserves[id].accrued(id).supplyIndex
            );
    }

    /// @inheritdoc IPool
    function debtBalance(address account, uint256 id) external view nonReentrantView returns (uint256) {
        _requireListed(id);
        return Reserves.toAssetsUp(_ledger.sharesOf(account, id, Positions.DEBT), _reserves[id].accrued(id).debtIndex);
    }

    /// @inheritdoc IPool
    function healthFactor(address account) external view nonReentrantView returns (uint256) {
        return _health(_assess(account, NONE, NONE));
    }

    /// @inheritdoc IPool
    function accountData(address account) external view nonReentrantView returns (AccountData memory) {
        Assessment memory a = _assess(account, NONE, NONE);
        return AccountData(a.collateralValue, a.debtValue, a.borrowLimit, a.liquidationLimit, _health(a), a.unpriced);
    }

    /// @inheritdoc IPool
    function positions(address account) external view nonReentrantView returns (Position[] memory list) {
        uint256 left = _ledger.reservesOf(account, Positions.SUPPLY) | _ledger.reservesOf(account, Positions.DEBT);
        uint256 collaterals = _ledger.collateralsOf(account);
        list = new Position[](MAX_RESERVES);
        uint256 count;
        uint256 id;
        while (left != 0) {
            (id, left) = Positions.next(left);
            list[count++] = Position({
                id: id,
                supplyShares: _ledger.sharesOf(account, id, Positions.SUPPLY),
                debtShares: _ledger.sharesOf(account, id, Positions.DEBT),
                collateral: collaterals >> id & 1 != 0
            });
        }
        assembly ("memory-safe") {
            mstore(list, count)
        }
    }

    /// @inheritdoc IPool
    function reserveData(uint256 id) external view nonReentrantView returns (ReserveData memory d) {
        uint256 token = _requireListed(id);
        Reserve memory r = _reserves[id].accrued(id);
        Risk memory k = _reserves[id].loadRisk();
        d.token = _token(token);
        d.feed = k.feed;
        d.rateModel = address(uint160(_reserves[id].model));
        d.paused = token & Reserves.PAUSED != 0;
        d.frozen = token & Reserves.FROZEN != 0;
        d.borrowable = r.isBorrowable();
        d.supplyShares = r.supplyShares;
        d.debtShares = r.debtShares;
        d.supplyIndex = r.supplyIndex;
        d.debtIndex = r.debtIndex;
        d.timestamp = _reserves[id].load().timestamp;
        d.supplyAssets = r.supplyAssets();
        d.debtAssets = r.debtAssets();
        d.cash = r.cash();
        d.buffer = _buffer(id, r, 0, 0);
        d.utilization = r.utilization();
        d.borrowRate = _reserves[id].borrowRate(r, id, 0);
        // Not by the utilization, which is cut at one: after a write-off more may be owed than is supplied.
        if (d.supplyAssets != 0) {
            d.supplyRate = d.borrowRate * d.debtAssets / d.supplyAssets * (100 - r.reserveFactor()) / 100;
        }
        d.supplyCap = r.supplyCap();
        d.borrowCap = r.borrowCap();
        d.price = FeedReader.read(k.feed, k.maxAge);
        d.priceDecimals = k.decimals;
        d.maxAge = k.maxAge;
        d.ltv = k.ltv;
        d.threshold = k.threshold;
        d.bonusFloor = k.bonusFloor;
        d.bonusCap = k.bonusCap;
        d.liquidationFee = k.liquidationFee;
        d.reserveFactor = r.reserveFactor() * 1e16;
        d.curve = r.rates & ((1 << KinkedCurve.BITS) - 1);
    }

    /// @inheritdoc IPool
    function reserveWords(uint256 id)
        external
        view
        nonReentrantView
        returns (uint256 index, uint256 totals, uint256 risk, uint256 token, uint256 model)
    {
        _requireListed(id);
        ReserveSlots storage s = _reserves[id];
        return (s.index, s.totals, s.risk, s.token, s.model);
    }

    /// @inheritdoc IPool
    function reserveId(address token) external view returns (uint256) {
        uint256 idPlusOne = _idPlusOne[token];
        if (idPlusOne == 0) revert UnknownReserve(NONE);
        return idPlusOne - 1;
    }

    /// @inheritdoc IPool
    function liquidationTerms()
        external
        view
        returns (uint256 targetHealth, uint256 fullHealth, uint256 dust, uint256 writeOffBelow, address model)
    {
        uint256 word = _liquidation;
        LiquidationTerms memory t = word.terms();
        return (t.targetHealth, t.fullHealth, t.dust, word.writeOffBelow(), word.model());
    }

    /// @inheritdoc IPool
    function authorization(address account, address operator) external view returns (uint256 actions, uint256 expiry) {
        uint256 word = _authorizations[account][operator];
        return (word & type(uint16).max, word >> 16);
    }

    // ------------------------------------------------------------------ configuration

    /// @inheritdoc IPool
    function addReserve(address token, uint256 rates, uint256 limits, uint256 risk, address model)
        external
        onlyConfigurator
        nonReentrant
        returns (uint256 id)
    {
        if (token == address(0)) revert ZeroAddress();
        if (_idPlusOne[token] != 0) revert AlreadyListed(token, _idPlusOne[token] - 1);
        id = reserveCount++;
        if (id >= MAX_RESERVES) revert TooManyReserves();
        _idPlusOne[token] = id + 1;

        ReserveSlots storage s = _reserves[id];
        s.store(
            Reserve({
                supplyIndex: WAD,
                debtIndex: WAD,
                timestamp: block.timestamp,
                rates: rates,
                supplyShares: 0,
                debtShares: 0,
                limits: limits
            })
        );
        (s.risk, s.token, s.model) = (risk, uint160(token), uint160(model));
        emit ReserveListed(id, token);
        _emitConfigured(id);
    }

    /// @inheritdoc IPool
    function setRates(uint256 id, uint256 rates, address model) external onlyConfigurator nonReentrant {
        (Reserve memory r,) = _enter(id);
        r.rates = rates;
        _reserves[id].store(r);
        _reserves[id].model = uint160(model);
        _emitConfigured(id);
    }

    /// @inheritdoc IPool
    function setLimits(uint256 id, uint256 limits) external onlyConfigurator nonReentrant {
        (Reserve memory r,) = _enter(id);
        r.limits = limits;
        _reserves[id].store(r);
        _emitConfigured(id);
    }

    /// @inheritdoc IPool
    function setRisk(uint256 id, uint256 risk) external onlyConfigurator nonReentrant {
        _requireListed(id);
        _reserves[id].risk = risk;
        _emitConfigured(id);
    }

    /// @inheritdoc IPool
    function setSwitches(uint256 id, bool paused, bool frozen) external onlyConfigurator nonReentrant {
        uint256 token = _requireListed(id) & ~(Reserves.PAUSED | Reserves.FROZEN);
        if (!frozen && _reserves[id].storedSupplyIndex() < Reserves.MIN_SUPPLY_INDEX) revert ReserveWorthless(id);
        if (paused) token |= Reserves.PAUSED;
        if (frozen) token |= Reserves.FROZEN;
        _reserves[id].token = token;
        _emitConfigured(id);
    }

    /// @inheritdoc IPool
    function setLiquidationTerms(uint256 terms) external onlyConfigurator nonReentrant {
        _liquidation = terms;
        emit LiquidationConfigured(terms);
    }

    /// @inheritdoc IPool
    function collectBuffer(uint256 id, uint256 assets, address to) external onlyConfigurator nonReentrant {
        if (to == address(0)) revert ZeroAddress();
        (Reserve memory r, uint256 token) = _enter(id);
        // Where more is owed than supplied, suppliers wait for what is there, and income is still to be repaid.
        uint256 available = r.debtAssets() > r.supplyAssets() ? 0 : _buffer(id, r, 0, 0);
        if (assets > available) revert InsufficientBuffer(id, assets, available);
        (uint256 index, uint256 totals) = _reserves[id].store(r);
        emit BufferCollected(id, to, assets, index, totals);
        _token(token).safeTransfer(to, assets);
    }

    function _emitConfigured(uint256 id) private {
        ReserveSlots storage s = _reserves[id];
        emit ReserveConfigured(id, s.index, s.totals, s.risk, s.token, s.model);
    }
}
