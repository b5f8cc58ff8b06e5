// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PoolExtension} from "../../../contracts/PoolExtension.sol";
import {Reserves, Token, Totals} from "../../../contracts/libraries/Reserves.sol";
import {Symbolic} from "./Symbolic.sol";

/// @notice Properties that do not hold. Halmos must find the counterexample of each: else it proves nothing.
contract WrongTest is Symbolic {
    PoolExtension private _pool;

    function setUp() external {
        _pool = new PoolExtension(address(0xc0ffee));
    }

    function check_totals__more_removed_than_there_is__debt_stays(uint256 word, uint112 shares) external pure {
        Totals t = Totals.wrap(word);
        assert(t.removeSupply(shares).debtShares() == t.debtShares());
    }

    function check_token__more_idle_than_room__address_and_room_stay_apart(uint256 word, uint96 more) external pure {
        Token t = Token.wrap(word);
        assert(t.addIdle(more).isFrozen() == t.isFrozen());
    }

    function check_authorize__any_expiry__kept_in_full(address operator, uint256 expiry) external {
        vm.assume(operator != address(0));
        _pool.authorize(operator, 1, expiry);
        (, uint256 until) = _pool.authorization(address(this), operator);
        assert(until == expiry);
    }

    function check_configuration__anybody__refused(address caller, uint256 terms) external {
        vm.prank(caller);
        (bool ok,) = address(_pool).call(abi.encodeCall(_pool.setLiquidationTerms, (terms)));
        assert(!ok);
    }
}
