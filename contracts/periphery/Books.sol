// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPool} from "../interfaces/IPool.sol";
import {AccountData} from "../interfaces/IPoolActions.sol";
import {IPoolErrors} from "../interfaces/IPoolErrors.sol";
import {Position, ReserveData, ReserveWords} from "../interfaces/IPoolExtension.sol";
import {FeedReader} from "../oracle/FeedReader.sol";
import {KinkedCurve} from "../rates/KinkedCurve.sol";
import {Category} from "../libraries/Categories.sol";
import {Ramps} from "../libraries/Ramps.sol";
import {Interest, Reserves, Risk, Token, Totals} from "../libraries/Reserves.sol";
import {Valuation} from "../libraries/Valuation.sol";
import {WadMath} from "../libraries/WadMath.sol";

/// @dev The reserves of a pool, each read when it is first asked for.
struct Book {
    IPool pool;
    Page[] pages; // by id
}

/// @dev A reserve: its words, its interest now, its price.
struct Page {
    bool isRead;
    Interest stored;
    Interest interest;
    Totals totals;
    Token token;
    Risk risk;
    address model;
    uint256 ramp;
    uint256 outflow;
    uint256 graceEnd;
    uint256 price;
    uint256 owedPrice; // for health checks of whoever takes on risk: of a debt
    uint256 coverPrice; // and of its collateral
}

/// @dev An account.
struct Sheet {
    uint256 number; // of its category
    Category category;
    Row[] rows;
    bool owes;
}

/// @dev A position and the terms it has in the account's category. One that does not count has none.
struct Row {
    uint256 id;
    uint256 supplyShares;
    uint256 debtShares;
    bool idle;
    bool collateral;
    uint256 ltv;
    uint256 threshold;
    uint256 bonusFloor;
    uint256 bonusCap;
}

using Books for Book global;
using Books for Page global;
using Books for Sheet global;

/// @notice A pool's words as read once, in memory, and what its own libraries make of them. In step with `Pool`'s health checks.
library Books {
    using WadMath for uint256;

    /// The most gas that the pool may use to describe one reserve: two calls to its model, one each to feed and token.
    uint256 internal constant RESERVE_GAS = 1_500_000;

    /// How far above an answer liquidation prices are looked for.
    uint256 private constant REACH = 1 << 20;

    // ------------------------------------------------------------------ reserves

    function open(IPool pool) internal view returns (Book memory book) {
        book.pool = pool;
        book.pages = new Page[](pool.reserveCount());
    }

    function page(Book memory book, uint256 id) internal view returns (Page memory p) {
        p = book.pages[id];
        if (p.isRead) return p;
        ReserveWords memory words = book.pool.reserveWords(id);
        p.isRead = true;
        p.stored = Interest.wrap(words.interest);
        p.totals = Totals.wrap(words.totals);
        p.token = Token.wrap(words.token);
        p.risk = Risk.wrap(words.risk);
        p.model = address(uint160(words.model));
        (p.ramp, p.outflow) = (words.ramp, words.outflow);
        p.interest = _interest(book.pool, id, p);
        p.graceEnd = words.graceEnd;
        p.owedPrice = p.coverPrice = p.price = FeedReader.read(p.risk.feed(), p.risk.maxAge());
        if (p.risk.isCautious()) {
            uint256 other = FeedReader.read(address(uint160(words.cautiousFeed)), p.risk.maxAge());
            p.coverPrice = p.price.min(other);
            p.owedPrice = p.coverPrice == 0 ? 0 : p.price.max(other);
        }
    }

    /// @dev A model answers the pool alone: where there is one, the pool says what it has charged. Where even that fails, the
    /// reserve's own curve holds, as in the pool.
    function _interest(IPool pool, uint256 id, Page memory p) private view returns (Interest interest) {
        interest = p.stored;
        if (interest.hasExternalModel() && interest.timestamp() != block.timestamp) {
            try pool.reserveData{gas: RESERVE_GAS}(id) returns (ReserveData memory d) {
                return Reserves.packInterest(d.supplyIndex, d.debtIndex, block.timestamp, interest.rates());
            } catch {}
        }
        return interest.grow(p.totals, KinkedCurve.borrowRate(interest.rates(), p.totals.utilization(interest)));
    }

    /// @notice The rate per second that the reserve would charge from now on with these totals.
    function borrowRate(Book memory book, uint256 id, Totals totals) internal view returns (uint256) {
        Page memory p = page(book, id);
        uint256 u = totals.utilization(p.interest);
        return p.interest.hasExternalModel()
            ? Reserves.modelRate(p.model, address(book.pool), id, p.interest, u, 0)
            : KinkedCurve.borrowRate(p.interest.rates(), u);
    }

    // ------------------------------------------------------------------ accounts

    /// @notice The account, its positions by ascending reserve id.
    function sheet(Book memory book, address account) internal view returns (Sheet memory s) {
        s.number = book.pool.categoryOf(account);
        uint256 ramp;
        if (s.number != 0) {
            uint256 word;
            (word, ramp) = book.pool.categoryWords(s.number);
            s.category = Category.wrap(word);
        }
        Position[] memory list = book.pool.positions(account);
        s.rows = new Row[](list.length);
        for (uint256 k; k < list.length; ++k) {
            (Position memory p, Row memory row) = (list[k], s.rows[k]);
            (row.id, row.supplyShares, row.debtShares) = (p.id, p.supplyShares, p.debtShares);
            (row.idle, row.collateral) = (p.idle, p.collateral);
            if (p.debtShares != 0) s.owes = true;
            if (p.collateral) _setTerms(row, page(book, p.id), s.category, ramp);
        }
    }

    /// @notice The account's row in a reserve; an empty one, which is not in the sheet, where it has none.
    function find(Sheet memory s, uint256 id) internal pure returns (Row memory) {
        for (uint256 k; k < s.rows.length; ++k) {
            if (s.rows[k].id == id) return s.rows[k];
        }
        Row memory none;
        none.id = id;
        return none;
    }

    /// @notice Puts a row into the sheet, unless it is there.
    function enter(Sheet memory s, Row memory entry) internal pure {
        uint256 count = s.rows.length;
        for (uint256 k; k < count; ++k) {
            if (s.rows[k].id == entry.id) return;
        }
        Row[] memory rows = new Row[](count + 1);
        for (uint256 k; k < count; ++k) {
            rows[k] = s.rows[k];
        }
        rows[count] = entry;
        s.rows = rows;
    }

    function _setTerms(Row memory row, Page memory p, Category category, uint256 ramp) private view {
        if (category.includes(row.id)) {
            (row.ltv, row.threshold) = (category.ltv(), Ramps.threshold(ramp, category.threshold()));
            (row.bonusFloor, row.bonusCap) = (category.bonusFloor(), category.bonusCap());
        } else if (!category.isIsolated()) {
            (row.ltv, row.threshold) = (p.risk.ltv(), Ramps.threshold(p.ramp, p.risk.threshold()));
            (row.bonusFloor, row.bonusCap) = (p.risk.bonusFloor(), p.risk.bonusCap());
        }
    }

    // ------------------------------------------------------------------ positions

    function supplyAssets(Page memory p, Row memory row) internal pure returns (uint256) {
        return row.idle ? row.supplyShares : row.supplyShares.mulDown(p.interest.supplyIndex());
    }

    function debtAssets(Page memory p, Row memory row) internal pure returns (uint256) {
        return row.debtShares.mulUp(p.interest.debtIndex());
    }

    function valueDown(Page memory p, uint256 assets) internal pure returns (uint256) {
        return Valuation.valueDown(assets, p.price, p.risk.decimals());
    }

    function valueUp(Page memory p, uint256 assets) internal pure returns (uint256) {
        return Valuation.valueUp(assets, p.price, p.risk.decimals());
    }

    /// @notice The value of a collateral to whoever takes on risk.
    function coverValue(Page memory p, uint256 assets) internal pure returns (uint256) {
        return Valuation.valueDown(assets, p.coverPrice, p.risk.decimals());
    }

    /// @notice The value of a debt to whoever takes on risk.
    function owedValue(Page memory p, uint256 assets) internal pure returns (uint256) {
        return Valuation.valueUp(assets, p.owedPrice, p.risk.decimals());
    }

    /// @notice Why the reserve is barred from liquidations; zero: it is not.
    function bar(Page memory p) internal view returns (bytes4) {
        if (p.token.isPaused()) return IPoolErrors.ReservePaused.selector;
        if (p.token.wasPaused() && block.timestamp < p.graceEnd) return IPoolErrors.GracePeriod.selector;
        return 0;
    }

    // ------------------------------------------------------------------ health

    /// @notice Values, limits and health at the interest of now.
    function assess(Book memory book, Sheet memory s) internal view returns (AccountData memory a) {
        for (uint256 k; k < s.rows.length; ++k) {
            Row memory row = s.rows[k];
            Page memory p = page(book, row.id);
            if (row.debtShares != 0) {
                a.debtValue += valueUp(p, debtAssets(p, row));
                if (p.price == 0) a.unpriced = true;
            }
            if (row.threshold != 0 && row.supplyShares != 0) {
                uint256 value = valueDown(p, supplyAssets(p, row));
                a.collateralValue += value;
                a.borrowLimit += value.mulDown(row.ltv);
                a.liquidationLimit += value.mulDown(row.threshold);
                if (p.price == 0) a.unpriced = true;
            }
        }
        a.health = a.debtValue == 0 ? type(uint256).max : a.liquidationLimit.divDown(a.debtValue);
    }

    /// @notice What a health check after an action would count besides reserve `id`, which the action changes: debts as of now,
    /// collateral as of its last accrual; and whether each of those debts has a price.
    function rest(Book memory book, Sheet memory s, uint256 id)
        internal
        view
        returns (uint256 debtValue, uint256 borrowLimit, bool priced)
    {
        priced = true;
        for (uint256 k; k < s.rows.length; ++k) {
            Row memory row = s.rows[k];
            if (row.id == id) continue;
            Page memory p = page(book, row.id);
            if (row.debtShares != 0) {
                debtValue += owedValue(p, debtAssets(p, row));
                if (p.owedPrice == 0) priced = false;
            }
            if (row.ltv != 0) {
                uint256 assets = row.supplyShares;
                if (!row.idle) assets = assets.mulDown(p.stored.supplyIndex());
                borrowLimit += coverValue(p, assets).mulDown(row.ltv);
            }
        }
    }

    // ------------------------------------------------------------------ liquidation prices

    /// @dev An account as its health depends on one price.
    struct Stake {
        uint256 supplyAssets;
        uint256 debtAssets;
        uint256 decimals;
        uint256 threshold;
        uint256 otherLimit;
        uint256 otherDebt;
    }

    /// @notice At which answers of its feed the account can be liquidated; see `PositionView`. `a`: its assessment.
    function liquidationPrices(Page memory p, Row memory row, AccountData memory a)
        internal
        pure
        returns (uint256 below, uint256 above)
    {
        above = type(uint256).max;
        if (a.debtValue == 0 || p.price == 0) return (below, above);
        Stake memory s;
        s.debtAssets = debtAssets(p, row);
        s.otherDebt = a.debtValue - valueUp(p, s.debtAssets);
        s.otherLimit = a.liquidationLimit;
        if (row.threshold != 0) {
            (s.supplyAssets, s.threshold) = (supplyAssets(p, row), row.threshold);
            s.otherLimit -= valueDown(p, s.supplyAssets).mulDown(s.threshold);
        }
        s.decimals = p.risk.decimals();

        (uint256 low, uint256 high) = (1, (p.price * REACH).min(FeedReader.MAX_ANSWER));
        (bool atLow, bool atHigh) = (_isUnhealthy(s, low), _isUnhealthy(s, high));
        if (atLow && atHigh) return (type(uint256).max, 0);
        if (atLow == atHigh) return (below, above);
        while (high - low > 1) {
            uint256 middle = (low + high) / 2;
            if (_isUnhealthy(s, middle) == atLow) low = middle;
            else high = middle;
        }
        if (atLow) below = low;
        else above = high;
    }

    function _isUnhealthy(Stake memory s, uint256 price) private pure returns (bool) {
        uint256 limit = s.otherLimit + Valuation.valueDown(s.supplyAssets, price, s.decimals).mulDown(s.threshold);
        return limit < s.otherDebt + Valuation.valueUp(s.debtAssets, price, s.decimals);
    }
}
