// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A token with one oddity or another: balances that all grow or shrink, no decimals, nothing that does not move, allowances
/// that end at 96 bits, a name of 32 bytes; and a second address, see below. For tests only.
contract MockWeirdToken {
    error Refused();

    uint8 private immutable _decimals;
    uint256 private _rate = 1e18;
    bool private _refusesZero;
    bool private _endsAt96Bits;
    mapping(address account => uint256) private _shares;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    /// @param decimals_ The largest there is: it knows none.
    constructor(uint8 decimals_) {
        _decimals = decimals_;
    }

    function be(uint256 rate, bool refusesZero, bool endsAt96Bits) external {
        (_rate, _refusesZero, _endsAt96Bits) = (rate, refusesZero, endsAt96Bits);
    }

    function name() external pure returns (bytes32) {
        return "Weird";
    }

    function symbol() external pure returns (bytes32) {
        return "WEIRD";
    }

    function decimals() external view returns (uint8) {
        if (_decimals == type(uint8).max) revert Refused();
        return _decimals;
    }

    function balanceOf(address account) public view returns (uint256) {
        return _shares[account] * _rate / 1e18;
    }

    function mint(address to, uint256 amount) external {
        _shares[to] += amount * 1e18 / _rate;
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        if (_endsAt96Bits && amount > type(uint96).max) revert Refused();
        allowance[msg.sender][spender] = amount;
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        allowance[from][msg.sender] -= amount;
        return move(from, to, amount);
    }

    /// @notice For the second address alone, if this were not a test.
    function move(address from, address to, uint256 amount) public returns (bool) {
        if (_refusesZero && amount == 0) revert Refused();
        uint256 shares = amount * 1e18 / _rate;
        _shares[from] -= shares;
        _shares[to] += shares;
        return true;
    }
}

/// @notice The second address of a token: the same balances under another name. For tests only.
contract MockSecondEntry {
    MockWeirdToken private immutable _token;
    uint8 public constant decimals = 18;

    constructor(MockWeirdToken token) {
        _token = token;
    }

    function balanceOf(address account) external view returns (uint256) {
        return _token.balanceOf(account);
    }

    function approve(address, uint256) external pure returns (bool) {
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _token.move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        return _token.move(from, to, amount);
    }
}
