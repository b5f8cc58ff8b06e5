// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PoolExtension} from "../../../contracts/PoolExtension.sol";
import {Configurator} from "../../../contracts/access/Configurator.sol";
import {Symbolic} from "./Symbolic.sol";

/// @dev Says no to everybody, at once and for later.
contract Nobody {
    function canCall(address, address, bytes4) external pure returns (bool immediate, uint32 delay) {
        return (false, 0);
    }
}

/// @notice Who may: operators, allowances, nonces, and the configuration.
contract PermissionsTest is Symbolic {
    address private constant CONFIGURATOR = address(0xc0ffee);
    PoolExtension private _pool;
    Configurator private _configurator;

    function setUp() external {
        _pool = new PoolExtension(CONFIGURATOR);
        _configurator = new Configurator(address(new Nobody()));
    }

    // ------------------------------------------------------------------ operators

    function check_authorize__any_word__comes_back_cut(
        address account,
        address operator,
        uint256 actions,
        uint256 expiry
    ) external {
        vm.assume(operator != address(0));
        vm.prank(account);
        _pool.authorize(operator, actions, expiry);
        (uint256 given, uint256 until) = _pool.authorization(account, operator);
        assert(given == actions & type(uint16).max);
        assert(until == (expiry < type(uint40).max ? expiry : type(uint40).max));
    }

    function check_authorize__one_account__nobody_else_is_bound(
        address account,
        address operator,
        address other,
        address another
    ) external {
        vm.assume(operator != address(0) && (other != account || another != operator));
        vm.prank(account);
        _pool.authorize(operator, type(uint256).max, type(uint256).max);
        (uint256 given,) = _pool.authorization(other, another);
        assert(given == 0);
    }

    function check_set_operator__any_actions__withdrawal_alone_moves(
        address account,
        address operator,
        uint16 actions,
        bool approved
    ) external {
        vm.assume(operator != address(0));
        vm.prank(account);
        _pool.authorize(operator, actions, type(uint256).max);
        vm.prank(account);
        _pool.setOperator(operator, approved);
        (uint256 given,) = _pool.authorization(account, operator);
        assert(given & ~uint256(2) == actions & ~uint256(2));
        assert(_pool.isOperator(account, operator) == approved);
    }

    function check_allow__any_amount__comes_back_until_it_expires(
        address account,
        address spender,
        uint256 positionId,
        uint256 amount,
        uint256 expiry,
        uint32 later
    ) external {
        vm.assume(spender != address(0));
        vm.prank(account);
        _pool.allow(spender, positionId, amount, expiry);
        vm.warp(later);
        uint256 allowed = _pool.allowance(account, spender, positionId);
        if (expiry < later) assert(allowed == 0);
        else assert(allowed == (amount < type(uint208).max ? amount : type(uint256).max));
    }

    function check_allow__one_position__the_others_are_not_allowed(
        address account,
        address spender,
        uint256 positionId,
        uint256 other
    ) external {
        vm.assume(spender != address(0) && positionId != other);
        vm.prank(account);
        _pool.allow(spender, positionId, type(uint256).max, type(uint256).max);
        assert(_pool.allowance(account, spender, other) == 0);
    }

    // ------------------------------------------------------------------ nonces

    function check_nonce__used__is_the_next_and_no_other(
        address account,
        address other,
        uint192 key,
        uint192 another,
        uint8 times
    ) external {
        vm.assume(times < 3 && (account != other || key != another));
        for (uint256 k; k < times; ++k) {
            vm.prank(account);
            assert(_pool.useNonce(key) == (uint256(key) << 64 | k));
        }
        assert(_pool.nonces(account, key) == (uint256(key) << 64 | times));
        assert(_pool.nonces(other, another) == uint256(another) << 64);
    }

    // ------------------------------------------------------------------ the configuration

    function check_configuration__anybody_else__refused(address caller, uint256 id, uint256 a, uint256 b, address c)
        external
    {
        vm.assume(caller != CONFIGURATOR);
        _refused(caller, abi.encodeCall(_pool.addReserve, (c, a, b, id, c, a)));
        _refused(caller, abi.encodeCall(_pool.setRates, (id, a, c)));
        _refused(caller, abi.encodeCall(_pool.setLimits, (id, a, b, c)));
        _refused(caller, abi.encodeCall(_pool.setIdleCap, (id, a)));
        _refused(caller, abi.encodeCall(_pool.setRisk, (id, a, b, c)));
        _refused(caller, abi.encodeCall(_pool.setSwitches, (id, a != 0, b != 0, b)));
        _refused(caller, abi.encodeCall(_pool.setCategoryTerms, (id, a, b)));
        _refused(caller, abi.encodeCall(_pool.setLiquidationTerms, (a)));
        _refused(caller, abi.encodeCall(_pool.collectBuffer, (id, a, c)));
    }

    function check_configuration__the_configurator__sets_terms(uint256 terms) external {
        vm.prank(CONFIGURATOR);
        _pool.setLiquidationTerms(terms);
        (,,,, address model) = _pool.liquidationTerms();
        assert(model == address(uint160(terms)));
    }

    function check_configurator__without_a_role__every_call_refused(address caller) external {
        vm.assume(caller != _configurator.authority()); // which may put another in its place
        bytes memory message = svm.createCalldata("Configurator");
        vm.prank(caller);
        (bool ok,) = address(_configurator).call(message);
        assert(!ok);
    }

    function _refused(address caller, bytes memory message) private {
        vm.prank(caller);
        (bool ok,) = address(_pool).call(message);
        assert(!ok);
    }
}
