// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {IPoolErrors} from "./interfaces/IPoolErrors.sol";
import {IPoolActions} from "./interfaces/IPoolActions.sol";
import {FeedReader} from "./oracle/FeedReader.sol";
import {Categories, Category, CategorySlots} from "./libraries/Categories.sol";
import {Transient} from "./libraries/Transient.sol";
import {Outflows} from "./libraries/Outflows.sol";
import {Holder, Ledger, Positions} from "./libraries/Positions.sol";
import {Ramps} from "./libraries/Ramps.sol";
import {Interest, Reserves, ReserveSlots, Risk, Token, Totals} from "./libraries/Reserves.sol";
import {Valuation} from "./libraries/Valuation.sol";
import {WadMath} from "./libraries/WadMath.sol";

/// @notice The storage of a pool, and the steps that its actions share.
abstract contract PoolBase is IPoolErrors {
    using WadMath for uint256;
    using Positions for Ledger;
    using Positions for Holder;
    using Reserves for ReserveSlots;
    using Categories for CategorySlots;
    using SafeTransferLib for address;

    // ------------------------------------------------------------------ constants

    /// What an authorization may cover.
    uint256 internal constant ACTION_SUPPLY = 1;
    uint256 internal constant ACTION_WITHDRAW = 2;
    uint256 internal constant ACTION_BORROW = 4;
    uint256 internal constant ACTION_COLLATERAL = 8;

    uint256 internal constant MAX_RESERVES = 64;
    /// In an id: a supply that sits idle, or credit in an allowance.
    uint256 internal constant IDLE = Positions.IDLE;
    uint256 internal constant DEBT = 128;
    /// "No reserve", for health checks that look at no pair.
    uint256 internal constant NONE = type(uint256).max;

    // ------------------------------------------------------------------ immutables

    address internal immutable _configurator;

    // ------------------------------------------------------------------ storage

    ReserveSlots[MAX_RESERVES] internal _reserves;
    Ledger internal _ledger;
    mapping(address account => mapping(address operator => uint256)) internal _authorizations; // actions 16 | expiry 40
    /// amount 208 | expiry 48
    mapping(address account => mapping(address spender => mapping(uint256 positionId => uint256))) internal _allowances;
    mapping(uint256 category => CategorySlots) internal _categories;
    mapping(address account => mapping(uint192 key => uint64)) internal _nonces;
    mapping(address token => uint256) internal _idPlusOne;
    uint256 internal _liquidation; // see LiquidationWord
    uint256 internal _reserveCount;

    // ------------------------------------------------------------------ constructor

    constructor(address configurator_) {
        if (configurator_ == address(0)) revert ZeroAddress();
        _configurator = configurator_;
    }

    /// @dev One action at a time, in whatever order they come: what a batch has begun goes on afterwards.
    modifier lock() {
        uint256 state = Transient.state();
        if (state & Transient.LOCKED != 0) revert Reentrancy();
        Transient.set(state | Transient.LOCKED);
        _;
        Transient.set(state);
    }

    modifier unlocked() {
        if (Transient.state() & Transient.LOCKED != 0) revert Reentrancy();
        _;
    }

    // ------------------------------------------------------------------ who may

    function _requireAuthorized(address account, uint256 action) internal view {
        if (account == msg.sender) return;
        if (!_isAuthorized(account, action)) revert NotAuthorized(account, msg.sender, action);
    }

    /// @dev As `_requireAuthorized`, or by an allowance, of which `amount` is spent.
    function _spendAllowance(address account, uint256 action, uint256 positionId, uint256 amount) internal {
        if (account == msg.sender || _isAuthorized(account, action)) return;
        uint256 word = _allowances[account][msg.sender][positionId];
        if (word == 0) revert NotAuthorized(account, msg.sender, action);
        uint256 allowed = word >> 208 < block.timestamp ? 0 : word & type(uint208).max;
        if (amount > allowed) revert InsufficientAllowance(account, msg.sender, positionId, amount, allowed);
        if (allowed != type(uint208).max) _allowances[account][msg.sender][positionId] = word - amount;
    }

    function _isAuthorized(address account, uint256 action) internal view returns (bool) {
        uint256 word = _authorizations[account][msg.sender];
        return word & action != 0 && word >> 16 >= block.timestamp;
    }

    // ------------------------------------------------------------------ the reserve

    /// @dev The words of a reserve whose id is known to be in range: checked once, and not at every access, which costs gas each time.
    function _slots(uint256 id) internal pure returns (ReserveSlots storage slots) {
        assembly ("memory-safe") {
            slots.slot := add(_reserves.slot, shl(4, id)) // 16 words each
        }
    }

    function _requireListed(uint256 id) internal view returns (Token token) {
        if (id >= MAX_RESERVES) revert UnknownReserve(id);
        token = _slots(id).token;
        if (Token.unwrap(token) == 0) revert UnknownReserve(id);
    }

    function _requireLive(uint256 id, Token token) internal pure {
        if (token.isPaused()) revert ReservePaused(id);
    }

    function _requireOpen(uint256 id, Token token) internal pure {
        if (Token.unwrap(token) < Reserves.PAUSED) return; // the two highest bits
        _requireLive(id, token);
        revert ReserveFrozen(id);
    }

    /// @dev A pause may mean that a price is doubted; the grace after it is for borrowers to act first.
    function _requireLiquidatable(uint256 id, Token token) internal view {
        if (!token.wasPaused() || !_isBarred(id, token)) return;
        _requireLive(id, token);
        revert GracePeriod(id, _slots(id).graceEnd);
    }

    function _isBarred(uint256 id, Token token) internal view returns (bool) {
        return token.wasPaused() && (token.isPaused() || block.timestamp < _slots(id).graceEnd);
    }

    /// @dev Interest up to now. Only a model that keeps a state of its own has been told, and its reserve stored, so that it is
    /// not asked about the same interval again.
    function _accrue(uint256 id) internal returns (Interest, Totals) {
        ReserveSlots storage slots = _slots(id);
        (Interest before, Totals totals) = (slots.interest, slots.totals);
        Interest interest = slots.accrue(before, totals, id);
        if (before.hasExternalModel()) {
            slots.notifyModel(before, totals, id);
            slots.interest = interest;
        }
        return (interest, totals);
    }

    function _store(uint256 id, Interest interest, Totals totals) internal {
        (_slots(id).interest, _slots(id).totals) = (interest, totals);
    }

    /// @dev Mints supply shares for `assets` that come in, up to the cap.
    function _addSupply(uint256 id, Interest interest, Totals totals, uint256 shares, uint256 assets)
        internal
        pure
        returns (Totals sum)
    {
        sum = totals.addSupply(shares);
        uint256 cap = sum.supplyCap();
        uint256 supplied = sum.supplyAssets(interest);
        if (supplied > cap) revert SupplyCapExceeded(id, assets, cap.zeroFloorSub(supplied - assets));
    }

    /// @dev Burns supply shares against `assets` that leave the pool. What stays must cover what is lent.
    function _takeSupply(uint256 id, Interest interest, Totals totals, uint256 shares, uint256 assets)
        internal
        pure
        returns (Totals left)
    {
        left = totals.removeSupply(shares);
        if (assets != 0 && left.supplyAssets(interest) < left.debtAssets(interest)) {
            revert InsufficientCash(id, assets, totals.cash(interest));
        }
    }

    function _takeOutflow(uint256 id, Totals totals, uint256 assets) internal {
        if (totals.hasLimitedOutflow()) _slots(id).outflow = Outflows.take(_slots(id).outflow, id, assets);
    }

    function _refillOutflow(uint256 id, Totals totals, uint256 assets) internal {
        if (totals.hasLimitedOutflow()) _slots(id).outflow = Outflows.refill(_slots(id).outflow, assets);
    }

    function _addIdle(uint256 id, Token token, uint256 assets) internal returns (Token) {
        if (assets > token.idleRoom()) revert IdleCapExceeded(id, assets, token.idleRoom());
        return _slots(id).token = token.addIdle(assets);
    }

    function _removeIdle(uint256 id, Token token, uint256 assets) internal returns (Token) {
        return _slots(id).token = token.removeIdle(assets);
    }

    /// @dev The protocol's income, derived and never stored: what the pool holds and is owed beyond what suppliers own. A
    /// donation only adds to what absorbs losses. `toCome` and `toGo` are the running action's own tokens.
    function _buffer(uint256 id, Interest interest, Totals totals, uint256 toCome, uint256 toGo)
        internal
        view
        returns (uint256)
    {
        Token token = _slots(id).token;
        uint256 idle = _slots(id).idleCap - token.idleRoom();
        // Zero where the token does not answer: then nothing is there.
        uint256 held = SafeTransferLib.balanceOf(token.addr(), address(this)) + Transient.owed(id) + toCome;
        return (held + totals.debtAssets(interest))
        .zeroFloorSub(totals.supplyShares().mulUp(interest.supplyIndex()) + idle + toGo);
    }

    // ------------------------------------------------------------------ health

    /// @dev For whoever takes on risk. In a batch it is checked at the end.
    function _requireCovered(address account) internal {
        if (Transient.state() & Transient.BATCH != 0) Transient.defer(account);
        else _checkCovered(account);
    }

    /// @dev For whoever takes out collateral: it is free without debt, and where the asset is nobody's collateral.
    function _requireCoveredWithout(uint256 id, address account) internal {
        Holder memory h = _ledger.holder(account);
        if (h.debts() == 0) return;
        Category category = _categoryOf(h);
        if (_slots(id).risk.threshold() != 0 || category.includes(id)) _requireCovered(account);
    }

    /// @dev Debt at fresh indices against collateral at stored ones, which are not higher, and only as many collaterals as it
    /// takes. Without debt no price is read.
    function _checkCovered(address account) internal view {
        Holder memory h = _ledger.holder(account);
        uint256 left = h.debts();
        if (left == 0) return;
        uint256 id;
        uint256 debtValue;
        while (left != 0) {
            (id, left) = Positions.next(left);
            Risk risk = _slots(id).risk;
            uint256 price = _cautiousPrice(id, risk, true);
            if (price == 0) revert NoPrice(id);
            unchecked {
                // a value overflows before 64 of them do
                debtValue += Valuation.valueUp(_debtAssets(h, id), price, risk.decimals());
            }
        }

        uint256 borrowLimit;
        Category category = _categoryOf(h);
        left = _countingCollaterals(h, category);
        while (left != 0 && borrowLimit < debtValue) {
            (id, left) = Positions.next(left);
            Risk risk = _slots(id).risk;
            uint256 ltv = category.includes(id) ? category.ltv() : risk.ltv();
            if (ltv == 0) continue;
            uint256 assets = _ledger.sharesOf(h, id, Positions.SUPPLY);
            if (!h.isIdle(id)) assets = assets.mulDown(_slots(id).interest.supplyIndex());
            borrowLimit += Valuation.valueDown(assets, _cautiousPrice(id, risk, false), risk.decimals()).mulDown(ltv);
        }
        if (debtValue > borrowLimit) {
            revert Undercollateralized(account, debtValue, borrowLimit, borrowLimit.divDown(debtValue));
        }
    }

    /// @dev For whoever takes on risk: where the reserve has a second feed, the price of both that favours him less, and none
    /// when either has none.
    function _cautiousPrice(uint256 id, Risk risk, bool owed) internal view returns (uint256 price) {
        price = FeedReader.read(risk.feed(), risk.maxAge());
        if (!risk.isCautious()) return price;
        uint256 other = FeedReader.read(_slots(id).cautiousFeed, risk.maxAge());
        return owed && price != 0 && other != 0 ? price.max(other) : price.min(other);
    }

    function _debtAssets(Holder memory h, uint256 id) internal view returns (uint256) {
        return _ledger.sharesOf(h, id, Positions.DEBT).mulUp(_slots(id).accruedInterest(id).debtIndex());
    }

    function _categoryOf(Holder memory h) internal view returns (Category category) {
        uint256 number = Positions.category(h.word);
        if (number != 0) category = _categories[number].word;
    }

    /// @dev In an isolated category no other collateral counts.
    function _countingCollaterals(Holder memory h, Category category) internal pure returns (uint256 bitmap) {
        bitmap = h.collaterals();
        if (category.isIsolated()) bitmap &= category.collaterals();
    }

    /// @dev The reserve's threshold now, or the category's.
    function _threshold(uint256 id, Risk risk, Holder memory h, Category category) internal view returns (uint256) {
        if (category.includes(id)) return _categories[Positions.category(h.word)].thresholdNow(category);
        return risk.ramps() ? Ramps.threshold(_slots(id).ramp, risk.threshold()) : risk.threshold();
    }

    /// @dev `number`: the category of the account that borrows.
    function _requireLends(uint256 number, uint256 id) internal view {
        if (number != 0 && _categories[number].word.borrowables() >> id & 1 == 0) revert NotInCategory(number, id);
    }

    /// @dev Of a debt that has just grown.
    function _requireMinDebt(address account, uint256 id, uint256 debtIndex) internal view {
        uint256 minimum = _slots(id).risk.minDebt();
        if (minimum == 0) return;
        uint256 debt = _ledger.debtOf(account, id).mulUp(debtIndex);
        if (debt < minimum) revert DebtTooSmall(id, debt, minimum);
    }

    // ------------------------------------------------------------------ lending for a moment

    function _lend(uint256 id, uint256 assets) internal returns (address token) {
        Token word = _requireListed(id);
        _requireLive(id, word);
        token = word.addr();
        emit IPoolActions.FlashLoan(id, msg.sender, assets);
        token.safeTransfer(msg.sender, assets);
    }

    /// @dev Calls the caller with the lock open.
    function _callBack(bytes memory message) internal {
        uint256 state = Transient.state();
        Transient.set(state & ~Transient.LOCKED);
        assembly ("memory-safe") {
            if iszero(call(gas(), caller(), 0, add(message, 32), mload(message), 0, 0)) {
                let free := mload(0x40)
                returndatacopy(free, 0, returndatasize())
                revert(free, returndatasize())
            }
        }
        Transient.set(state);
    }
}
