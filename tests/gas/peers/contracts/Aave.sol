// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

interface IFlashPool {
    function flashLoanSimple(address receiver, address asset, uint256 amount, bytes calldata params, uint16 code)
        external;
}

interface IToken {
    function approve(address spender, uint256 amount) external returns (bool);
}

/// @notice Takes a flash loan and lets it be taken back; its approval stands.
contract BenchBorrower {
    IFlashPool private immutable _pool;
    address private immutable _token;

    constructor(IFlashPool pool, IToken token) {
        (_pool, _token) = (pool, address(token));
        token.approve(address(pool), type(uint256).max);
    }

    function borrow(uint256 amount) external {
        _pool.flashLoanSimple(address(this), _token, amount, "", 0);
    }

    function executeOperation(address, uint256, uint256, address, bytes calldata) external pure returns (bool) {
        return true;
    }
}
