// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {PoolBase} from "./PoolBase.sol";
import {LiquidationTerms} from "./interfaces/ILiquidationModel.sol";
import {IPoolCallbacks} from "./interfaces/IPoolActions.sol";
import {CategoryData, IPoolExtension, Position, ReserveData, ReserveWords} from "./interfaces/IPoolExtension.sol";
import {FeedReader} from "./oracle/FeedReader.sol";
import {KinkedCurve} from "./rates/KinkedCurve.sol";
import {Amounts} from "./libraries/Amounts.sol";
import {Categories, Category, CategorySlots} from "./libraries/Categories.sol";
import {LiquidationWord} from "./libraries/LiquidationWord.sol";
import {Outflows} from "./libraries/Outflows.sol";
import {Holder, Ledger, Positions} from "./libraries/Positions.sol";
import {Interest, Reserves, ReserveSlots, Risk, Token, Totals} from "./libraries/Reserves.sol";
import {Transient} from "./libraries/Transient.sol";
import {WAD, WadMath} from "./libraries/WadMath.sol";

/// @title Weir pool, the other half: permissions, less frequent actions, configuration and views
/// @dev The pool delegates to it whatever it does not know itself; called directly it works on storage of its own, in which
/// there is nothing.
contract PoolExtension is PoolBase, IPoolExtension {
    using WadMath for uint256;
    using Amounts for uint256;
    using Positions for Ledger;
    using Positions for Holder;
    using Reserves for ReserveSlots;
    using Categories for CategorySlots;
    using LiquidationWord for uint256;
    using SafeTransferLib for address;

    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant AUTHORIZATION_TYPE = keccak256(
        "Authorization(address account,address operator,uint256 actions,uint256 expiry,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant ALLOWANCE_TYPE = keccak256(
        "Allowance(address account,address spender,uint256 positionId,uint256 amount,uint256 expiry,uint256 nonce,uint256 deadline)"
    );

    constructor(address configurator_) PoolBase(configurator_) {}

    modifier onlyConfigurator() {
        if (msg.sender != _configurator) revert NotConfigurator(msg.sender);
        _;
    }

    // ------------------------------------------------------------------ permissions

    /// @inheritdoc IPoolExtension
    function authorize(address operator, uint256 actions, uint256 expiry) external lock {
        _authorize(msg.sender, operator, actions, expiry);
    }

    /// @inheritdoc IPoolExtension
    function authorizeBySig(
        address account,
        address operator,
        uint256 actions,
        uint256 expiry,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external lock {
        bytes memory message = abi.encode(AUTHORIZATION_TYPE, account, operator, actions, expiry, nonce, deadline);
        _requireSigned(account, keccak256(message), nonce, deadline, signature);
        _authorize(account, operator, actions, expiry);
    }

    function _authorize(address account, address operator, uint256 actions, uint256 expiry) private {
        if (operator == address(0)) revert ZeroAddress();
        actions &= type(uint16).max;
        expiry = expiry.min(type(uint40).max);
        _authorizations[account][operator] = actions | expiry << 16;
        emit Authorized(account, operator, actions, expiry);
    }

    /// @inheritdoc IPoolExtension
    function allow(address spender, uint256 positionId, uint256 amount, uint256 expiry) external lock {
        _allow(msg.sender, spender, positionId, amount, expiry);
    }

    /// @inheritdoc IPoolExtension
    function allowBySig(
        address account,
        address spender,
        uint256 positionId,
        uint256 amount,
        uint256 expiry,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external lock {
        bytes memory message = abi.encode(ALLOWANCE_TYPE, account, spender, positionId, amount, expiry, nonce, deadline);
        _requireSigned(account, keccak256(message), nonce, deadline, signature);
        _allow(account, spender, positionId, amount, expiry);
    }

    /// @inheritdoc IPoolExtension
    function approve(address spender, uint256 positionId, uint256 amount) external lock returns (bool) {
        _allow(msg.sender, spender, positionId, amount, type(uint256).max);
        emit Approval(msg.sender, spender, positionId, amount);
        return true;
    }

    function _allow(address account, address spender, uint256 positionId, uint256 amount, uint256 expiry) private {
        if (spender == address(0)) revert ZeroAddress();
        amount = amount.min(type(uint208).max);
        expiry = expiry.min(type(uint48).max);
        _allowances[account][spender][positionId] = amount | expiry << 208;
        emit AllowanceSet(account, spender, positionId, amount, expiry);
    }

    /// @inheritdoc IPoolExtension
    function setOperator(address operator, bool approved) external lock returns (bool) {
        (uint256 actions, uint256 expiry) = authorization(msg.sender, operator);
        // What has expired is not to come back with the new expiry.
        if (expiry < block.timestamp) actions = 0;
        if (approved) _authorize(msg.sender, operator, actions | ACTION_WITHDRAW, type(uint256).max);
        else _authorize(msg.sender, operator, actions & ~ACTION_WITHDRAW, expiry);
        emit OperatorSet(msg.sender, operator, approved);
        return true;
    }

    /// @inheritdoc IPoolExtension
    function useNonce(uint192 key) external lock returns (uint256) {
        return _nonces[msg.sender][key]++ | uint256(key) << 64;
    }

    /// @inheritdoc IPoolExtension
    function permit(uint256 id, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external lock {
        address token = _requireListed(id).addr();
        try IERC20Permit(token).permit(msg.sender, address(this), value, deadline, v, r, s) {} catch {}
    }

    /// @dev A signature counts once, for this pool on this chain, until its deadline.
    function _requireSigned(address account, bytes32 message, uint256 nonce, uint256 deadline, bytes calldata signature)
        private
    {
        if (block.timestamp > deadline) revert SignatureExpired(deadline);
        uint192 key = uint192(nonce >> 64);
        if (uint64(nonce) != _nonces[account][key]) revert InvalidAccountNonce(account, nonces(account, key));
        ++_nonces[account][key];
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", DOMAIN_SEPARATOR(), message));
        if (!SignatureChecker.isValidSignatureNowCalldata(account, digest, signature)) {
            revert InvalidSignature(account);
        }
    }

    // ------------------------------------------------------------------ less frequent actions

    /// @inheritdoc IPoolExtension
    function accrue(uint256 id) external lock {
        _requireListed(id);
        (Interest interest, Totals totals) = _accrue(id);
        _store(id, interest, totals);
        emit Accrued(id, Interest.unwrap(interest), Totals.unwrap(totals));
    }

    /// @inheritdoc IPoolExtension
    function repayWithSupply(uint256 positionId, uint256 amount, address account)
        external
        lock
        returns (uint256 assets, uint256 supplyShares, uint256 debtShares)
    {
        uint256 id = positionId >= IDLE ? positionId - IDLE : positionId;
        Token token = _requireListed(id);
        (Interest interest, Totals totals) = _accrue(id);

        uint256 owed = _ledger.debtOf(account, id);
        if (owed == 0) revert NoPosition(account, id);
        uint256 held = _ledger.supplyOf(account, positionId);
        uint256 balance = positionId >= IDLE ? held : held.mulDown(interest.supplyIndex());
        (assets, debtShares) = amount.toRepay(owed, interest.debtIndex());
        // All the supply that there is, where the debt is more.
        if (assets > balance && amount == Amounts.ALL) {
            (assets, debtShares) = balance.toRepay(owed, interest.debtIndex());
        }
        supplyShares = assets;
        if (positionId < IDLE) (, supplyShares) = assets.toWithdraw(held, interest.supplyIndex());

        // What is repaid is worth what is burned, and counted for less as collateral: no debt is covered worse by it.
        _ledger.decrease(account, positionId, Positions.SUPPLY, supplyShares);
        _spendAllowance(account, ACTION_WITHDRAW, positionId, supplyShares);
        _ledger.decrease(account, id, Positions.DEBT, debtShares);
        totals = totals.removeDebt(debtShares);
        if (positionId >= IDLE) token = _removeIdle(id, token, assets);
        else totals = totals.removeSupply(supplyShares);

        _store(id, interest, totals);
        emit RepaidWithSupply(
            positionId,
            account,
            msg.sender,
            assets,
            supplyShares,
            debtShares,
            Interest.unwrap(interest),
            Totals.unwrap(totals),
            Token.unwrap(token)
        );
    }

    /// @inheritdoc IPoolExtension
    function takeDebt(uint256 id, uint256 amount, address from, address to)
        external
        lock
        returns (uint256 assets, uint256 shares)
    {
        _requireLive(id, _requireListed(id));
        // The reserve's totals stay as they are, and so nothing of it is stored.
        Interest interest = _slots(id).accruedInterest(id);

        uint256 owed = _ledger.debtOf(from, id);
        if (owed == 0) revert NoPosition(from, id);
        (assets, shares) = amount.toRepay(owed, interest.debtIndex());

        _ledger.decrease(from, id, Positions.DEBT, shares);
        (, uint256 word) = _ledger.increase(to, id, Positions.DEBT, shares, false);
        _spendAllowance(to, ACTION_BORROW, id | DEBT, assets);
        _requireLends(Positions.category(word), id);
        _requireMinDebt(to, id, interest.debtIndex());

        emit DebtTaken(id, from, to, msg.sender, assets, shares);
        _requireCovered(to);
    }

    /// @inheritdoc IPoolExtension
    function convert(uint256 id, bool idle, address account) external lock returns (uint256 assets, uint256 shares) {
        _requireAuthorized(account, ACTION_COLLATERAL);
        Token token = _requireListed(id);
        (Interest interest, Totals totals) = _accrue(id);
        uint256 from = idle ? id : id | IDLE;
        uint256 held = _ledger.supplyOf(account, from);
        if (held == 0) revert NoPosition(account, id);
        bool collateral = _ledger.decrease(account, from, Positions.SUPPLY, held);

        if (idle) {
            assets = shares = held.mulDown(interest.supplyIndex());
            totals = _takeSupply(id, interest, totals, held, assets);
            _takeOutflow(id, totals, assets);
            token = _addIdle(id, token, assets);
        } else {
            _requireOpen(id, token);
            (assets, shares) = held.toSupply(interest.supplyIndex());
            totals = _addSupply(id, interest, totals, shares, assets);
            _refillOutflow(id, totals, assets);
            token = _removeIdle(id, token, assets);
        }
        if (shares == 0) revert ZeroAmount();
        _ledger.increase(account, idle ? id | IDLE : id, Positions.SUPPLY, shares, collateral);

        _store(id, interest, totals);
        emit Converted(
            id,
            account,
            msg.sender,
            idle,
            assets,
            shares,
            Interest.unwrap(interest),
            Totals.unwrap(totals),
            Token.unwrap(token)
        );
        if (collateral) _requireCoveredWithout(id, account);
    }

    /// @inheritdoc IPoolExtension
    function setCollateral(uint256 id, bool enabled, address account) external lock {
        _requireAuthorized(account, ACTION_COLLATERAL);
        _requireListed(id);
        if (_ledger.sharesOf(_ledger.holder(account), id, Positions.SUPPLY) == 0) revert NoPosition(account, id);

        _ledger.setCollateral(account, id, enabled);
        emit CollateralSet(id, account, msg.sender, enabled);

        if (!enabled) _requireCoveredWithout(id, account);
    }

    /// @inheritdoc IPoolExtension
    function flashLoans(uint256[] calldata ids, uint256[] calldata assets, bytes calldata data) external lock {
        uint256 count = ids.length;
        if (count != assets.length || count == 0) revert LengthMismatch(count, assets.length);
        for (uint256 k; k < count; ++k) {
            _lend(ids[k], assets[k]);
            Transient.setOwed(ids[k], Transient.owed(ids[k]) + assets[k]);
        }
        _callBack(abi.encodeCall(IPoolCallbacks.onFlashLoans, (ids, assets, data)));
        for (uint256 k; k < count; ++k) {
            Transient.setOwed(ids[k], Transient.owed(ids[k]) - assets[k]);
            _slots(ids[k]).token.addr().safeTransferFrom(msg.sender, address(this), assets[k]);
        }
    }

    /// @inheritdoc IPoolExtension
    function setCategory(uint256 category, address account) external lock {
        _requireAuthorized(account, ACTION_COLLATERAL);
        Category word = _categories[category].word;
        if (category != 0 && Category.unwrap(word) == 0) revert UnknownCategory(category);
        uint256 left = _ledger.holder(account).debts() & ~word.borrowables();
        if (category != 0 && left != 0) {
            (uint256 id,) = Positions.next(left);
            revert NotInCategory(category, id);
        }
        _ledger.setCategory(account, category);
        emit CategoryChosen(account, msg.sender, category);
        _requireCovered(account);
    }

    // ------------------------------------------------------------------ views: permissions

    /// @inheritdoc IPoolExtension
    function authorization(address account, address operator) public view returns (uint256 actions, uint256 expiry) {
        uint256 word = _authorizations[account][operator];
        return (word & type(uint16).max, word >> 16);
    }

    /// @inheritdoc IPoolExtension
    function isOperator(address account, address operator) external view returns (bool) {
        (uint256 actions, uint256 expiry) = authorization(account, operator);
        return actions & ACTION_WITHDRAW != 0 && expiry >= block.timestamp;
    }

    /// @inheritdoc IPoolExtension
    function allowance(address account, address spender, uint256 positionId) external view returns (uint256) {
        uint256 word = _allowances[account][spender][positionId];
        if (word >> 208 < block.timestamp) return 0;
        uint256 amount = word & type(uint208).max;
        return amount == type(uint208).max ? type(uint256).max : amount;
    }

    /// @inheritdoc IPoolExtension
    function allowanceExpiry(address account, address spender, uint256 positionId) external view returns (uint256) {
        return _allowances[account][spender][positionId] >> 208;
    }

    /// @inheritdoc IPoolExtension
    function nonces(address account, uint192 key) public view returns (uint256) {
        return _nonces[account][key] | uint256(key) << 64;
    }

    /// @inheritdoc IPoolExtension
    function DOMAIN_SEPARATOR() public view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPE, keccak256("Weir pool"), keccak256("1"), block.chainid, address(this)));
    }

    /// @inheritdoc IPoolExtension
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == 0x01ffc9a7 || interfaceId == 0x0f632fb3; // ERC-165, ERC-6909
    }

    // ------------------------------------------------------------------ views: accounts

    /// @inheritdoc IPoolExtension
    function balanceOf(address account, uint256 positionId) external view unlocked returns (uint256) {
        if (positionId >= IDLE + MAX_RESERVES) return 0;
        return _ledger.supplyOf(account, positionId);
    }

    /// @inheritdoc IPoolExtension
    function supplyBalance(address account, uint256 id) external view unlocked returns (uint256) {
        _requireListed(id);
        Holder memory h = _ledger.holder(account);
        uint256 shares = _ledger.sharesOf(h, id, Positions.SUPPLY);
        Interest interest = _slots(id).accruedInterest(id);
        return h.isIdle(id) ? shares : shares.mulDown(interest.supplyIndex());
    }

    /// @inheritdoc IPoolExtension
    function debtBalance(address account, uint256 id) external view unlocked returns (uint256) {
        _requireListed(id);
        return _ledger.debtOf(account, id).mulUp(_slots(id).accruedInterest(id).debtIndex());
    }

    /// @inheritdoc IPoolExtension
    function positions(address account) external view unlocked returns (Position[] memory list) {
        Holder memory h = _ledger.holder(account);
        uint256 left = h.supplies() | h.debts();
        list = new Position[](MAX_RESERVES);
        uint256 count;
        uint256 id;
        while (left != 0) {
            (id, left) = Positions.next(left);
            list[count++] = Position({
                id: id,
                supplyShares: _ledger.sharesOf(h, id, Positions.SUPPLY),
                debtShares: _ledger.sharesOf(h, id, Positions.DEBT),
                collateral: h.collaterals() >> id & 1 != 0,
                idle: h.isIdle(id)
            });
        }
        assembly ("memory-safe") {
            mstore(list, count)
        }
    }

    /// @inheritdoc IPoolExtension
    function categoryOf(address account) external view returns (uint256) {
        return Positions.category(_ledger.words[account]);
    }

    // ------------------------------------------------------------------ views: the market

    /// @inheritdoc IPoolExtension
    function reserveData(uint256 id) external view unlocked returns (ReserveData memory d) {
        Token token = _requireListed(id);
        ReserveSlots storage slots = _slots(id);
        (Interest interest, Totals totals) = slots.accrued(id);
        Risk risk = slots.risk;
        d.token = token.addr();
        d.feed = risk.feed();
        d.rateModel = slots.model;
        d.paused = token.isPaused();
        d.frozen = token.isFrozen();
        d.borrowable = totals.isBorrowable();
        d.supplyShares = totals.supplyShares();
        d.debtShares = totals.debtShares();
        d.supplyIndex = interest.supplyIndex();
        d.debtIndex = interest.debtIndex();
        d.timestamp = slots.interest.timestamp();
        d.supplyAssets = totals.supplyAssets(interest);
        d.debtAssets = totals.debtAssets(interest);
        d.cash = totals.cash(interest);
        d.buffer = _buffer(id, interest, totals, 0, 0);
        d.utilization = totals.utilization(interest);
        d.borrowRate = slots.borrowRate(interest, totals, id, 0);
        // Not by the utilization, which is cut at one: after a write-off more may be owed than is supplied.
        if (d.supplyAssets != 0) {
            d.supplyRate = d.borrowRate * d.debtAssets / d.supplyAssets * (100 - interest.reserveFactor()) / 100;
        }
        d.supplyCap = totals.supplyCap();
        d.borrowCap = totals.borrowCap();
        d.price = FeedReader.read(risk.feed(), risk.maxAge());
        d.priceDecimals = risk.decimals();
        d.maxAge = risk.maxAge();
        d.ltv = risk.ltv();
        d.cautiousFeed = slots.cautiousFeed;
        if (risk.isCautious()) d.cautiousPrice = FeedReader.read(slots.cautiousFeed, risk.maxAge());
        d.insurer = slots.insurer;
        d.graceEnd = slots.graceEnd;
        d.threshold = _threshold(id, risk, _nobody(), Category.wrap(0));
        d.bonusFloor = risk.bonusFloor();
        d.bonusCap = risk.bonusCap();
        d.liquidationFee = risk.liquidationFee();
        d.reserveFactor = interest.reserveFactor() * 1e16;
        d.curve = interest.rates() & ((1 << KinkedCurve.BITS) - 1);
        d.idleCap = slots.idleCap;
        d.idleAssets = slots.idleCap - token.idleRoom();
        d.minDebt = risk.minDebt();
        d.outflowRoom = totals.hasLimitedOutflow() ? Outflows.level(slots.outflow) : type(uint256).max;
    }

    function _words(uint256 id) private view returns (ReserveWords memory) {
        ReserveSlots storage s = _slots(id);
        return ReserveWords({
            interest: Interest.unwrap(s.interest),
            totals: Totals.unwrap(s.totals),
            risk: Risk.unwrap(s.risk),
            token: Token.unwrap(s.token),
            model: uint160(s.model),
            ramp: s.ramp,
            outflow: s.outflow,
            idleCap: s.idleCap,
            cautiousFeed: uint160(s.cautiousFeed),
            insurer: uint160(s.insurer),
            graceEnd: s.graceEnd
        });
    }

    function _emitConfigured(uint256 id) private {
        emit ReserveConfigured(id, _words(id));
    }

    function _nobody() private pure returns (Holder memory h) {}

    /// @inheritdoc IPoolExtension
    function reserveWords(uint256 id) external view unlocked returns (ReserveWords memory) {
        _requireListed(id);
        return _words(id);
    }

    /// @inheritdoc IPoolExtension
    function categoryData(uint256 category) external view returns (CategoryData memory) {
        CategorySlots storage slots = _categories[category];
        Category word = slots.word;
        return CategoryData({
            collaterals: word.collaterals(),
            borrowables: word.borrowables(),
            ltv: word.ltv(),
            threshold: slots.thresholdNow(word),
            bonusFloor: word.bonusFloor(),
            bonusCap: word.bonusCap(),
            isolated: word.isIsolated()
        });
    }

    /// @inheritdoc IPoolExtension
    function categoryWords(uint256 category) external view returns (uint256 word, uint256 ramp) {
        return (Category.unwrap(_categories[category].word), _categories[category].ramp);
    }

    /// @inheritdoc IPoolExtension
    function reserveId(address token) external view returns (uint256) {
        uint256 idPlusOne = _idPlusOne[token];
        if (idPlusOne == 0) revert UnknownReserve(NONE);
        return idPlusOne - 1;
    }

    /// @inheritdoc IPoolExtension
    function reserveCount() external view returns (uint256) {
        return _reserveCount;
    }

    /// @inheritdoc IPoolExtension
    function liquidationTerms()
        external
        view
        returns (uint256 targetHealth, uint256 fullHealth, uint256 dust, uint256 writeOffBelow, address model)
    {
        uint256 word = _liquidation;
        LiquidationTerms memory t = word.terms();
        return (t.targetHealth, t.fullHealth, t.dust, word.writeOffBelow(), word.model());
    }

    /// @inheritdoc IPoolExtension
    function configurator() external view returns (address) {
        return _configurator;
    }

    // ------------------------------------------------------------------ configuration

    /// @inheritdoc IPoolExtension
    function addReserve(address token, uint256 rates, uint256 limits, uint256 risk, address model, uint256 idleCap)
        external
        onlyConfigurator
        lock
        returns (uint256 id)
    {
        if (token == address(0)) revert ZeroAddress();
        if (_idPlusOne[token] != 0) revert AlreadyListed(token, _idPlusOne[token] - 1);
        id = _reserveCount++;
        if (id >= MAX_RESERVES) revert TooManyReserves();
        _idPlusOne[token] = id + 1;

        ReserveSlots storage s = _slots(id);
        s.interest = Reserves.packInterest(WAD, WAD, block.timestamp, rates);
        s.totals = Totals.wrap(limits << 224);
        s.token = Token.wrap(uint160(token) | idleCap << 160);
        (s.risk, s.model, s.idleCap) = (Risk.wrap(risk), model, idleCap);
        emit ReserveListed(id, token);
        _emitConfigured(id);
    }

    /// @inheritdoc IPoolExtension
    function setRates(uint256 id, uint256 rates, address model) external onlyConfigurator lock {
        _requireListed(id);
        (Interest interest,) = _accrue(id);
        _slots(id).interest =
            Reserves.packInterest(interest.supplyIndex(), interest.debtIndex(), interest.timestamp(), rates);
        _slots(id).model = model;
        _emitConfigured(id);
    }

    /// @inheritdoc IPoolExtension
    function setLimits(uint256 id, uint256 limits, uint256 outflow, address insurer) external onlyConfigurator lock {
        _requireListed(id);
        Totals totals = _slots(id).totals;
        _slots(id).totals = Totals.wrap(totals.supplyShares() | totals.debtShares() << 112 | limits << 224);
        (_slots(id).outflow, _slots(id).insurer) = (outflow, insurer);
        _emitConfigured(id);
    }

    /// @inheritdoc IPoolExtension
    function setIdleCap(uint256 id, uint256 cap) external onlyConfigurator lock returns (uint256) {
        Token token = _requireListed(id);
        uint256 idle = _slots(id).idleCap - token.idleRoom();
        if (cap < idle) cap = idle;
        _slots(id).idleCap = cap;
        _slots(id).token = token.addIdle(token.idleRoom()).removeIdle(cap - idle);
        _emitConfigured(id);
        return cap;
    }

    /// @inheritdoc IPoolExtension
    function setRisk(uint256 id, uint256 risk, uint256 ramp, address cautiousFeed) external onlyConfigurator lock {
        _requireListed(id);
        (_slots(id).risk, _slots(id).ramp, _slots(id).cautiousFeed) = (Risk.wrap(risk), ramp, cautiousFeed);
        _emitConfigured(id);
    }

    /// @inheritdoc IPoolExtension
    function setSwitches(uint256 id, bool paused, bool frozen, uint256 grace) external onlyConfigurator lock {
        Token before = _requireListed(id);
        uint256 token = Token.unwrap(before) & ~(Reserves.PAUSED | Reserves.FROZEN);
        if (before.isPaused() && !paused) {
            token |= Reserves.GRACE;
            _slots(id).graceEnd = block.timestamp + grace;
        }
        if (!frozen && _slots(id).interest.supplyIndex() < Reserves.MIN_SUPPLY_INDEX) revert ReserveWorthless(id);
        if (paused) token |= Reserves.PAUSED;
        if (frozen) token |= Reserves.FROZEN;
        _slots(id).token = Token.wrap(token);
        _emitConfigured(id);
    }

    /// @inheritdoc IPoolExtension
    function setCategoryTerms(uint256 category, uint256 word, uint256 ramp) external onlyConfigurator lock {
        if (category == 0 || category > type(uint8).max) revert UnknownCategory(category);
        (_categories[category].word, _categories[category].ramp) = (Category.wrap(word), ramp);
        emit CategoryConfigured(category, word, ramp);
    }

    /// @inheritdoc IPoolExtension
    function setLiquidationTerms(uint256 terms) external onlyConfigurator lock {
        _liquidation = terms;
        emit LiquidationConfigured(terms);
    }

    /// @inheritdoc IPoolExtension
    function collectBuffer(uint256 id, uint256 assets, address to) external onlyConfigurator lock {
        if (to == address(0)) revert ZeroAddress();
        Token token = _requireListed(id);
        (Interest interest, Totals totals) = _accrue(id);
        // Where more is owed than supplied, suppliers wait for what is there, and income is still to be repaid.
        bool waiting = totals.debtAssets(interest) > totals.supplyAssets(interest);
        uint256 available = waiting ? 0 : _buffer(id, interest, totals, 0, 0);
        if (assets > available) revert InsufficientBuffer(id, assets, available);
        _store(id, interest, totals);
        emit BufferCollected(id, to, assets, Interest.unwrap(interest), Totals.unwrap(totals));
        token.addr().safeTransfer(to, assets);
    }
}
