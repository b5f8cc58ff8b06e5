// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @notice A wallet that signs by having been told a digest (ERC-1271). For tests only.
contract MockWallet is IERC1271 {
    mapping(bytes32 digest => bool) public accepted;

    function accept(bytes32 digest) external {
        accepted[digest] = true;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return accepted[digest] ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}
