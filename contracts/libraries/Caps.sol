// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Raw token units as decimal floats: digits above five bits of exponent. A cap has nine bits of digits.
library Caps {
    /// The code of "no cap". Zero is the code of a cap of zero: nothing may enter.
    uint256 internal constant NONE = (1 << 14) - 1;
    uint256 private constant MAX_DIGITS = 511;
    uint256 private constant MAX_EXPONENT = 31;

    /// @notice The cap in raw token units; `type(uint256).max` for none.
    function decode(uint256 code) internal pure returns (uint256) {
        return code == NONE ? type(uint256).max : unpack(code);
    }

    /// @notice The number of a code.
    function unpack(uint256 code) internal pure returns (uint256) {
        unchecked {
            return (code >> 5) * 10 ** (code & 31);
        }
    }

    /// @notice The code of a cap in raw token units.
    /// @return code The code. @return exact False when digits up to 511 and zeros cannot express the cap.
    function encode(uint256 cap) internal pure returns (uint256 code, bool exact) {
        if (cap == type(uint256).max) return (NONE, true);
        (code, exact) = pack(cap, MAX_DIGITS);
        exact = exact && code != NONE;
    }

    /// @notice The code of a number with digits up to `maxDigits`, if it is `exact`.
    function pack(uint256 number, uint256 maxDigits) internal pure returns (uint256 code, bool exact) {
        uint256 exponent;
        while (number > maxDigits && number % 10 == 0 && exponent < MAX_EXPONENT) {
            number /= 10;
            ++exponent;
        }
        return (number << 5 | exponent, number <= maxDigits);
    }
}
