// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Accrued to the moment of the call. Rates are per second in WAD, fractions in WAD, amounts in raw token units.
struct ReserveData {
    address token;
    address feed;
    address rateModel; // zero: the kinked curve below
    bool paused;
    bool frozen;
    bool borrowable;
    uint256 supplyShares;
    uint256 debtShares;
    uint256 supplyIndex;
    uint256 debtIndex;
    uint256 timestamp; // Unix seconds at which the stored indices were current
    uint256 supplyAssets;
    uint256 debtAssets;
    uint256 cash;
    uint256 buffer; // the protocol's income, first to absorb bad debt
    uint256 utilization;
    uint256 borrowRate; // of a model with a state of its own: as it was left by the last accrual
    uint256 supplyRate;
    uint256 supplyCap; // type(uint256).max: none
    uint256 borrowCap;
    uint256 price; // the feed's answer; zero: no price
    uint256 priceDecimals; // of the token and the feed together
    uint256 maxAge; // seconds
    uint256 ltv;
    uint256 threshold; // now, while it ramps down
    uint256 bonusFloor;
    uint256 bonusCap;
    uint256 liquidationFee; // share of the bonus
    uint256 reserveFactor;
    uint256 curve; // as packed by KinkedCurve
    uint256 idleAssets;
    uint256 idleCap;
    uint256 minDebt;
    uint256 outflowRoom; // type(uint256).max: no limit
    address cautiousFeed; // zero: none
    uint256 cautiousPrice; // its answer, in the feed's decimals; zero: no price, or no such feed
    address insurer; // zero: none
    uint256 graceEnd; // Unix seconds; no liquidations before
}

/// @dev A category's terms, in WAD; bitmaps by reserve id.
struct CategoryData {
    uint256 collaterals;
    uint256 borrowables;
    uint256 ltv;
    uint256 threshold; // now, while it ramps down
    uint256 bonusFloor;
    uint256 bonusCap;
    bool isolated;
}

struct Position {
    uint256 id;
    uint256 supplyShares; // raw units where idle
    uint256 debtShares;
    bool collateral;
    bool idle;
}

/// @dev The raw words of a reserve, as stored; see `ReserveSlots`.
struct ReserveWords {
    uint256 interest;
    uint256 totals;
    uint256 risk;
    uint256 token;
    uint256 model;
    uint256 ramp;
    uint256 outflow;
    uint256 idleCap;
    uint256 cautiousFeed;
    uint256 insurer;
    uint256 graceEnd;
}

/// @notice Permissions, less frequent actions, configuration and views of a pool.
interface IPoolExtension {
    // -------------------------------------------------------------- events

    event Authorized(address indexed account, address indexed operator, uint256 actions, uint256 expiry);
    event AllowanceSet(
        address indexed account, address indexed spender, uint256 indexed positionId, uint256 amount, uint256 expiry
    );
    /// @dev ERC-6909, when `approve` or `setOperator` was called.
    event Approval(address indexed owner, address indexed spender, uint256 indexed id, uint256 amount);
    event OperatorSet(address indexed owner, address indexed spender, bool approved);
    event Accrued(uint256 indexed id, uint256 interest, uint256 totals);
    /// @dev Debt shares that change hands.
    event DebtTaken(
        uint256 indexed id, address indexed from, address indexed to, address caller, uint256 assets, uint256 shares
    );
    /// @dev A debt paid with supply of the same reserve.
    event RepaidWithSupply(
        uint256 indexed positionId,
        address indexed account,
        address caller,
        uint256 assets,
        uint256 supplyShares,
        uint256 debtShares,
        uint256 interest,
        uint256 totals,
        uint256 token
    );
    /// @dev A supply that starts or stops to earn.
    event Converted(
        uint256 indexed id,
        address indexed account,
        address caller,
        bool idle,
        uint256 assets,
        uint256 shares,
        uint256 interest,
        uint256 totals,
        uint256 token
    );
    event CollateralSet(uint256 indexed id, address indexed account, address caller, bool enabled);
    event CategoryChosen(address indexed account, address caller, uint256 category);

    event ReserveListed(uint256 indexed id, address indexed token);
    event ReserveConfigured(uint256 indexed id, ReserveWords words);
    event CategoryConfigured(uint256 indexed category, uint256 word, uint256 ramp);
    event LiquidationConfigured(uint256 terms);
    event BufferCollected(uint256 indexed id, address indexed to, uint256 assets, uint256 interest, uint256 totals);

    // -------------------------------------------------------------- permissions

    /// @notice Lets `operator` do `actions` (a sum of the ACTION constants) for the caller until `expiry`, Unix seconds.
    /// Replaces what was granted before; zero actions revoke. @dev Reverts: ZeroAddress.
    function authorize(address operator, uint256 actions, uint256 expiry) external;

    /// @notice As `authorize`, by an EIP-712 signature of `account`, an EOA or a contract (ERC-1271).
    /// @param nonce Of `nonces`: a key of 192 bits, each with a sequence of its own.
    /// @dev Reverts: SignatureExpired, InvalidAccountNonce, InvalidSignature, ZeroAddress.
    function authorizeBySig(
        address account,
        address operator,
        uint256 actions,
        uint256 expiry,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice Lets `spender` withdraw or transfer `amount` shares of a position id of the caller until `expiry`; or, with `DEBT`
    /// set in it, borrow `amount` assets of that reserve as the caller's debt. The largest amount never runs out; zero revokes.
    /// @dev Reverts: ZeroAddress.
    function allow(address spender, uint256 positionId, uint256 amount, uint256 expiry) external;

    /// @notice As `allow`, by a signature; see `authorizeBySig`, for its errors too.
    function allowBySig(
        address account,
        address spender,
        uint256 positionId,
        uint256 amount,
        uint256 expiry,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice ERC-6909: `allow` without expiry. Reverts: ZeroAddress.
    function approve(address spender, uint256 positionId, uint256 amount) external returns (bool);

    /// @notice ERC-6909: an authorization for `ACTION_WITHDRAW` without expiry; other actions keep theirs.
    /// Reverts: ZeroAddress.
    function setOperator(address operator, bool approved) external returns (bool);

    /// @notice Spends the next nonce of a key, and so any signature that carries it.
    function useNonce(uint192 key) external returns (uint256);

    /// @notice ERC-2612 of a reserve's token, from the caller to the pool, for batches. Never reverts because of the permit: one
    /// that somebody else has used first has given its allowance all the same. Reverts: UnknownReserve.
    function permit(uint256 id, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    // -------------------------------------------------------------- less frequent actions

    /// @notice Stores a reserve's interest up to now. No one needs to: every action and every view includes it.
    /// @dev Reverts: UnknownReserve.
    function accrue(uint256 id) external;

    /// @notice Repays a debt of `account` with its own supply in the same reserve. No token moves: neither cash nor caps nor
    /// switches matter. @dev Takes `ACTION_WITHDRAW` or an allowance when the caller is not the account.
    /// Reverts: UnknownReserve, NoPosition (no debt), ZeroAmount, AmountTooLarge, InsufficientShares, NotAuthorized,
    /// InsufficientAllowance.
    /// @return assets Repaid. @return supplyShares Burned, rounded up. @return debtShares Burned, rounded down.
    function repayWithSupply(uint256 positionId, uint256 amount, address account)
        external
        returns (uint256 assets, uint256 supplyShares, uint256 debtShares);

    /// @notice Moves debt of `from` to `to`, whose consent it takes: he is the caller, or has granted `ACTION_BORROW` or credit.
    /// @dev As `borrow` for `to`, except that no token moves: neither cash nor cap matters, nor whether the reserve still lends;
    /// but not while it is paused. Reverts: UnknownReserve, ReservePaused, NoPosition, ZeroAmount, NotAuthorized,
    /// InsufficientAllowance, NotInCategory, DebtTooSmall, NoPrice, Undercollateralized.
    function takeDebt(uint256 id, uint256 amount, address from, address to)
        external
        returns (uint256 assets, uint256 shares);

    /// @notice Turns the caller's whole supply in a reserve from earning to idle or back.
    /// @dev Takes `ACTION_COLLATERAL` when the caller is not the account. To idle: as withdrawing, within the cap of idle
    /// collateral. To earning: as supplying. Reverts: UnknownReserve, NoPosition, NotAuthorized, ZeroAmount, IdleCapExceeded,
    /// InsufficientCash, OutflowLimitExceeded; ReserveFrozen, ReservePaused, SupplyCapExceeded; NoPrice, Undercollateralized.
    function convert(uint256 id, bool idle, address account) external returns (uint256 assets, uint256 shares);

    /// @notice Says whether a supply of `account`, earning or idle, counts as collateral.
    /// @dev Takes `ACTION_COLLATERAL` when the caller is not the account. Switching off with debt needs cover at the LTV.
    /// Never gated where the asset has a threshold of zero.
    /// Reverts: UnknownReserve, NoPosition, NotAuthorized, NoPrice (of a debt), Undercollateralized.
    function setCollateral(uint256 id, bool enabled, address account) external;

    /// @notice As `flashLoan` of several assets at once, with `onFlashLoans`. @dev Also reverts: LengthMismatch.
    function flashLoans(uint256[] calldata ids, uint256[] calldata assets, bytes calldata data) external;

    /// @notice Chooses the account's category; zero for none. @dev Takes `ACTION_COLLATERAL` when the caller is not the account.
    /// Every debt must be in the category, and covered at its terms. Reverts: UnknownCategory, NotInCategory, NotAuthorized,
    /// NoPrice, Undercollateralized.
    function setCategory(uint256 category, address account) external;

    // -------------------------------------------------------------- views

    /// @notice ERC-6909: the shares of a position id; none while the supply is in the other mode.
    function balanceOf(address account, uint256 positionId) external view returns (uint256);

    /// @notice ERC-6909: what is left of an allowance, zero once expired. With `DEBT` in the id: credit, in assets.
    function allowance(address account, address spender, uint256 positionId) external view returns (uint256);

    /// @notice ERC-6909.
    function isOperator(address account, address operator) external view returns (bool);

    /// @notice Until when an allowance counts, Unix seconds.
    function allowanceExpiry(address account, address spender, uint256 positionId) external view returns (uint256);

    /// @notice What `operator` may do for `account`, and until when.
    function authorization(address account, address operator) external view returns (uint256 actions, uint256 expiry);

    function nonces(address account, uint192 key) external view returns (uint256);
    function DOMAIN_SEPARATOR() external view returns (bytes32);
    function supportsInterface(bytes4 interfaceId) external pure returns (bool);

    /// @notice The balance of a supply in assets, earning or idle, with interest, rounded down.
    function supplyBalance(address account, uint256 id) external view returns (uint256);

    /// @notice A debt in assets, with interest, rounded up.
    function debtBalance(address account, uint256 id) external view returns (uint256);

    /// @notice The account's positions in shares, by ascending reserve id.
    function positions(address account) external view returns (Position[] memory);

    /// @notice The account's category; zero for none.
    function categoryOf(address account) external view returns (uint256);

    /// @notice Everything about a reserve. Reverts: UnknownReserve.
    function reserveData(uint256 id) external view returns (ReserveData memory);

    /// @notice The raw words of a reserve, as stored.
    function reserveWords(uint256 id) external view returns (ReserveWords memory);

    function categoryData(uint256 category) external view returns (CategoryData memory);

    /// @notice The raw words of a category, as stored.
    function categoryWords(uint256 category) external view returns (uint256 word, uint256 ramp);

    /// @notice The id of a token's reserve. Reverts: UnknownReserve(type(uint256).max).
    function reserveId(address token) external view returns (uint256);

    function reserveCount() external view returns (uint256);

    /// @notice The pool's terms of liquidation and its external model (zero: the built-in rule). Health in WAD, values in WAD.
    function liquidationTerms()
        external
        view
        returns (uint256 targetHealth, uint256 fullHealth, uint256 dust, uint256 writeOffBelow, address model);

    function configurator() external view returns (address);

    // -------------------------------------------------------------- configuration, for the configurator alone

    /// @notice Opens a reserve with its packed words. The configurator validates; the pool only stores.
    function addReserve(address token, uint256 rates, uint256 limits, uint256 risk, address model, uint256 idleCap)
        external
        returns (uint256 id);

    /// @notice Replaces curve, reserve factor and external model, after accruing at the old ones.
    function setRates(uint256 id, uint256 rates, address model) external;

    /// @notice Replaces caps, flags, the limit on outflow and the insurer.
    function setLimits(uint256 id, uint256 limits, uint256 outflow, address insurer) external;

    /// @notice Replaces the cap of idle collateral. It cannot go below what sits idle now; returns what it is.
    function setIdleCap(uint256 id, uint256 cap) external returns (uint256);

    /// @notice Replaces feed, risk parameters, the ramp of the threshold and the cautious feed.
    function setRisk(uint256 id, uint256 risk, uint256 ramp, address cautiousFeed) external;

    /// @notice Pauses or freezes, or ends it. When a pause ends, liquidations wait for `grace` seconds more.
    /// Reverts: ReserveWorthless.
    function setSwitches(uint256 id, bool paused, bool frozen, uint256 grace) external;

    /// @notice Replaces a category's words, 1 to 255.
    function setCategoryTerms(uint256 category, uint256 word, uint256 ramp) external;

    /// @notice Replaces the packed terms of liquidation; see `LiquidationWord`.
    function setLiquidationTerms(uint256 terms) external;

    /// @notice Pays protocol income out; none of it where more is owed than supplied. Reverts: InsufficientBuffer.
    function collectBuffer(uint256 id, uint256 assets, address to) external;
}
