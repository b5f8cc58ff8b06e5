// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {MetadataReaderLib} from "solady/utils/MetadataReaderLib.sol";

import "./ILens.sol";
import {ReserveWords} from "../interfaces/IPoolExtension.sol";
import {Token, Totals} from "../libraries/Reserves.sol";
import {Untrusted} from "../libraries/Untrusted.sol";
import {WadMath} from "../libraries/WadMath.sol";
import {Book, Books, Page, Row, Sheet} from "./Books.sol";

/// @title Lens
contract Lens is ILens {
    using WadMath for uint256;
    using MetadataReaderLib for address;

    uint256 private constant CATEGORIES = 255;
    /// The longest symbol that is passed on, in bytes.
    uint256 private constant SYMBOL = 32;

    // ------------------------------------------------------------------ the market

    /// @inheritdoc ILens
    function market(IPool pool) external view returns (MarketView memory m) {
        m.timestamp = block.timestamp;
        m.configurator = pool.configurator();
        uint256 count = pool.reserveCount();
        (m.reserves, m.tokens) = (new ReserveData[](count), new TokenView[](count));
        for (uint256 id; id < count; ++id) {
            (m.reserves[id], m.tokens[id].described) = _describe(pool, id);
            address token = m.reserves[id].token;
            (m.tokens[id].symbol, m.tokens[id].decimals) = (_symbol(token), token.readDecimals());
        }
        (m.numbers, m.categories) = _categories(pool);
        (m.targetHealth, m.fullHealth, m.dust, m.writeOffBelow, m.liquidationModel) = pool.liquidationTerms();
    }

    function _describe(IPool pool, uint256 id) private view returns (ReserveData memory d, bool) {
        try pool.reserveData{gas: Books.RESERVE_GAS}(id) returns (ReserveData memory described) {
            return (described, true);
        } catch {
            ReserveWords memory words = pool.reserveWords(id);
            Token token = Token.wrap(words.token);
            (d.token, d.paused, d.frozen) = (token.addr(), token.isPaused(), token.isFrozen());
            d.borrowable = Totals.wrap(words.totals).isBorrowable();
            return (d, false);
        }
    }

    /// @dev Whatever a token says, the answer as a whole can be decoded: bytes outside ASCII need not be UTF-8.
    function _symbol(address token) private view returns (string memory symbol) {
        symbol = token.readSymbol(SYMBOL);
        for (uint256 k; k < bytes(symbol).length; ++k) {
            if (bytes(symbol)[k] > 0x7f) bytes(symbol)[k] = "?";
        }
    }

    function _categories(IPool pool) private view returns (uint256[] memory numbers, CategoryData[] memory list) {
        (numbers, list) = (new uint256[](CATEGORIES), new CategoryData[](CATEGORIES));
        uint256 count;
        for (uint256 number = 1; number <= CATEGORIES; ++number) {
            CategoryData memory d = pool.categoryData(number);
            if (d.collaterals != 0) (numbers[count], list[count++]) = (number, d);
        }
        assembly ("memory-safe") {
            mstore(numbers, count)
            mstore(list, count)
        }
    }

    // ------------------------------------------------------------------ accounts

    /// @inheritdoc ILens
    function account(IPool pool, address who) external view returns (AccountView memory v) {
        Book memory book = Books.open(pool);
        Sheet memory s = book.sheet(who);
        v.total = book.assess(s);
        v.category = s.number;
        v.positions = new PositionView[](s.rows.length);
        for (uint256 k; k < s.rows.length; ++k) {
            _describe(v.positions[k], book.page(s.rows[k].id), s.rows[k], v.total);
        }
    }

    function _describe(PositionView memory v, Page memory p, Row memory row, AccountData memory total) private pure {
        (v.id, v.idle, v.collateral, v.counts) = (row.id, row.idle, row.collateral, row.threshold != 0);
        v.price = p.price;
        v.supplyAssets = p.supplyAssets(row);
        v.supplyValue = p.valueDown(v.supplyAssets);
        v.debtAssets = p.debtAssets(row);
        v.debtValue = p.valueUp(v.debtAssets);
        (v.ltv, v.threshold) = (row.ltv, row.threshold);
        v.borrowLimit = v.supplyValue.mulDown(v.ltv);
        v.liquidationLimit = v.supplyValue.mulDown(v.threshold);
        (v.liquidationBelow, v.liquidationAbove) = p.liquidationPrices(row, total);
    }

    /// @inheritdoc ILens
    function healths(IPool pool, address[] calldata accounts) external view returns (AccountData[] memory list) {
        Book memory book = Books.open(pool);
        list = new AccountData[](accounts.length);
        for (uint256 k; k < accounts.length; ++k) {
            list[k] = book.assess(book.sheet(accounts[k]));
        }
    }

    // ------------------------------------------------------------------ wallets

    /// @inheritdoc ILens
    function wallet(IPool pool, address who) external view returns (HoldingView[] memory list) {
        list = new HoldingView[](pool.reserveCount());
        for (uint256 id; id < list.length; ++id) {
            address token = Token.wrap(pool.reserveWords(id).token).addr();
            list[id] = HoldingView({
                token: token,
                balance: _ask(token, abi.encodeCall(IERC20.balanceOf, (who))),
                allowance: _ask(token, abi.encodeCall(IERC20.allowance, (who, address(pool))))
            });
        }
    }

    function _ask(address token, bytes memory question) private view returns (uint256) {
        (bool ok, uint256 answer,) = Untrusted.ask(token, question, 1);
        return ok ? answer : 0;
    }
}
