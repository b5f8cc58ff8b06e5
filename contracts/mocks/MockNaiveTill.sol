// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A till as it should not be: it writes down what was asked for, whatever the token did or answered and whether it is there,
/// and lets anybody take what is not its main token's. For tests only.
contract MockNaiveTill {
    address private immutable _main;
    mapping(address token => mapping(address account => uint256)) public balanceOf;

    constructor(address main) {
        _main = main;
    }

    function deposit(address token, uint256 amount) external {
        (bool ok,) =
            token.call(abi.encodeWithSignature("transferFrom(address,address,uint256)", msg.sender, this, amount));
        require(ok, "failed");
        balanceOf[token][msg.sender] += amount;
    }

    function withdraw(address token, uint256 amount) external {
        balanceOf[token][msg.sender] -= amount;
        _pay(token, msg.sender, amount);
    }

    function sweep(address token, address to, uint256 amount) external {
        require(token != _main, "main");
        _pay(token, to, amount);
    }

    function _pay(address token, address to, uint256 amount) private {
        (bool ok,) = token.call(abi.encodeWithSignature("transfer(address,uint256)", to, amount));
        require(ok, "failed");
    }
}
